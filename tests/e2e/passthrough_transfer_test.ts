import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { buildClientHello } from "../support/client_hello_builder.ts";
import { digest, makePayload, type Payload, writePayload } from "../support/payload.ts";
import { makeTempFolder } from "../support/temp_folder.ts";
import { makeTlsFiles, nginxTls } from "../support/tls_files.ts";
import { passTo, startWithRoutes } from "../support/routes.ts";
import { spawnCurl } from "../support/curl.ts";
import { startNginx } from "../support/nginx.ts";
import { testWithPrograms } from "../support/installed.ts";

const PAYLOAD_MIB = 64;
const HELLO = buildClientHello({ serverName: "a.test" });

testWithPrograms(["nginx", "curl"], "passthrough: a download of 64 MiB arrives whole", async () => {
  using files = await makeTlsFiles(["a.test"]);
  using folder = makeTempFolder();
  Deno.chmodSync(folder.path, 0o755);
  const payload = makePayload(PAYLOAD_MIB);
  await writePayload(payload, `${folder.path}/large`);
  await using site = await startNginx({
    http: ({ ports }) =>
      `server { listen 127.0.0.1:${ports[0]} ssl; ${nginxTls(files)} root ${folder.path}; }`,
  });
  await using postern = await startWithRoutes([passTo("a.test", `127.0.0.1:${site.ports[0]}`)]);
  const child = spawnCurl("https://a.test/large", {
    to: postern.https[0],
    caFile: files.caFile,
  });
  const seen = await digest(child.stdout);
  strictEqual((await child.status).code, 0);
  await child.stderr.cancel();
  deepStrictEqual(seen, { length: payload.length, sha256: payload.sha256 });
});

Deno.test("passthrough: 64 MiB each way at the same time arrive whole", async () => {
  const up = makePayload(PAYLOAD_MIB);
  const down = makePayload(PAYLOAD_MIB);
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  await using postern = await startWithRoutes([
    passTo("a.test", `127.0.0.1:${listener.addr.port}`),
  ]);
  const { hostname, port } = postern.https[0];
  using client = await Deno.connect({ hostname, port });
  await client.write(HELLO);
  using server = await listener.accept();
  // What the relay peeked at comes first.
  await readExactly(server, HELLO.length);
  const [, , atServer, atClient] = await Promise.all([
    send(client, up),
    send(server, down),
    digest(readAll(server)),
    digest(readAll(client)),
  ]);
  deepStrictEqual(atServer, { length: up.length, sha256: up.sha256 });
  deepStrictEqual(atClient, { length: down.length, sha256: down.sha256 });
});

async function send(connection: Deno.Conn, payload: Payload): Promise<void> {
  for (const piece of payload.pieces()) {
    for (let at = 0; at < piece.length;) at += await connection.write(piece.subarray(at));
  }
  await connection.closeWrite();
}

async function readExactly(connection: Deno.Conn, length: number): Promise<void> {
  const buffer = new Uint8Array(length);
  for (let at = 0; at < length;) at += (await connection.read(buffer.subarray(at)))!;
}

async function* readAll(connection: Deno.Conn): AsyncIterable<Uint8Array> {
  const buffer = new Uint8Array(262_144);
  for (let count = await connection.read(buffer); count !== null;) {
    yield buffer.subarray(0, count);
    count = await connection.read(buffer);
  }
}
