/**
 * Clients of HTTP/2 that do much and mean well: many requests, large bodies, many small frames. What
 * stops floods (`http2_abuse_test.ts`) must never stop these.
 */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { decodeLatin1 } from "../../lib/http/http1/latin1.ts";
import { startBrokenUpstream } from "../support/broken_upstream.ts";
import { curl } from "../support/curl.ts";
import { startDigestUpstream } from "../support/digest_upstream.ts";
import { encodeData, encodePing, FLAG, repeat } from "../support/http2_frames.ts";
import { startHeadUpstream } from "../support/head_upstream.ts";
import { requireInstalled, testWithPrograms } from "../support/installed.ts";
import { makePayload, writePayload } from "../support/payload.ts";
import type { Postern } from "../support/postern.ts";
import { internalCaFile, offloadTo, startWithRoutes } from "../support/routes.ts";
import { Random } from "../support/random.ts";
import { openStrictHttp2, type StrictHttp2 } from "../support/strict_http2.ts";
import { makeTempFolder } from "../support/temp_folder.ts";

/** Names lead nowhere for these programs, so the URL has the address and the server name in one. */
const HOST = "localhost";

const REQUESTS = 50_000;
const UPLOAD_MIB = 256;
const MESSAGES = 20_000;
const MESSAGE_BYTES = 100;
const SEED = 9_113;
const ECHOES = 300;
const ECHOES_AT_ONCE = 60;

async function startFor(upstream: { readonly address: { readonly port: number } }) {
  return await startWithRoutes([
    offloadTo(HOST, `http://127.0.0.1:${upstream.address.port}`, {
      paths: [{ path: "/robots.txt", respond: { body: "none" } }],
    }),
  ]);
}

async function run(program: string, args: readonly string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(requireInstalled(program), {
    args: [...args],
    stdin: "null",
    signal: AbortSignal.timeout(120_000),
  }).output();
  const output = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  ok(success, output);
  return output;
}

function urlOf({ https: [{ port }] }: Postern, path: string): string {
  return `https://${HOST}:${port}${path}`;
}

async function connect(postern: Postern): Promise<StrictHttp2> {
  const caPem = Deno.readTextFileSync(internalCaFile(postern));
  const client = await openStrictHttp2(postern.https[0], { serverName: HOST, caPem });
  client.witness.keepsBodies = false;
  return client;
}

/** Sees that nobody was taken for hostile. */
function expectCalm({ log }: Postern): void {
  deepStrictEqual(log.filter((line) => / (?:warn|error) /.test(line)), []);
}

testWithPrograms(
  ["h2load"],
  `h2load: ${REQUESTS} requests by 8 clients, 32 at a time`,
  async () => {
    await using upstream = startHeadUpstream();
    await using postern = await startFor(upstream);
    const output = await run("h2load", [
      `-n${REQUESTS}`,
      "-c8",
      "-m32",
      urlOf(postern, "/robots.txt"),
    ]);
    match(output, new RegExp(`^requests: .* ${REQUESTS} succeeded, 0 failed, 0 errored`, "m"));
    match(output, new RegExp(`^status codes: ${REQUESTS} 2xx`, "m"));
    expectCalm(postern);
  },
);

testWithPrograms(["nghttp"], "nghttp: 40 uploads of 1 MiB over one connection", async () => {
  using folder = makeTempFolder();
  const payload = makePayload(1);
  await writePayload(payload, `${folder.path}/one`);
  await using upstream = startDigestUpstream();
  await using postern = await startFor(upstream);
  const output = await run("nghttp", [
    ...["--verbose", "--multiply=40", `--data=${folder.path}/one`],
    urlOf(postern, "/"),
  ]);
  strictEqual(output.match(/:status: 200/g)?.length, 40);
  strictEqual(output.match(new RegExp(payload.sha256, "g"))?.length, 40);
  ok(!/RST_STREAM|error_code=(?!NO_ERROR)/.test(output), output.slice(-2_000));
  expectCalm(postern);
});

testWithPrograms(["curl"], `curl: an upload of ${UPLOAD_MIB} MiB`, async () => {
  using folder = makeTempFolder();
  const payload = makePayload(UPLOAD_MIB);
  await writePayload(payload, `${folder.path}/large`);
  await using upstream = startDigestUpstream();
  await using postern = await startFor(upstream);
  const seen = await curl(`https://${HOST}/`, {
    to: postern.https[0],
    caFile: internalCaFile(postern),
    args: ["--http2", "--upload-file", `${folder.path}/large`],
  });
  strictEqual(seen.status, 200, seen.error);
  deepStrictEqual(JSON.parse(seen.body).received, {
    length: payload.length,
    sha256: payload.sha256,
  });
  expectCalm(postern);
});

Deno.test(`HTTP/2: ${MESSAGES} messages of ${MESSAGE_BYTES} bytes up, each a frame, with PINGs`, async () => {
  await using upstream = startDigestUpstream();
  await using postern = await startFor(upstream);
  await using client = await connect(postern);
  client.witness.keepsBodies = true;
  const id = await client.open({ method: "POST", isWhole: false });
  const messages = repeat(encodeData(id, "m".repeat(MESSAGE_BYTES)), 20);
  for (let sent = 0; sent < MESSAGES; sent += 20) {
    const { witness } = client;
    const room = 20 * MESSAGE_BYTES;
    await client.until(
      () => witness.sendWindowBytes >= room && witness.stream(id).sendWindowBytes >= room,
      "room for more",
    );
    await client.send(messages, encodePing());
  }
  await client.send(encodeData(id, "", FLAG.endStream));
  const { body, head } = await client.outcome(id);
  strictEqual(head?.status, 200, body);
  strictEqual(JSON.parse(body).received.length, MESSAGES * MESSAGE_BYTES);
  expectCalm(postern);
});

Deno.test(`HTTP/2: ${MESSAGES} messages of ${MESSAGE_BYTES} bytes down, each a chunk`, async () => {
  const chunk = `64\r\n${"m".repeat(MESSAGE_BYTES)}\r\n`;
  await using upstream = startBrokenUpstream(async (peer) => {
    await peer.readHead();
    await peer.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (let sent = 0; sent < MESSAGES; sent++) await peer.write(chunk);
    await peer.write("0\r\n\r\n");
  });
  await using postern = await startFor(upstream);
  await using client = await connect(postern);
  const { bodyBytes, isEnded } = await client.outcome(await client.open());
  deepStrictEqual([bodyBytes, isEnded], [MESSAGES * MESSAGE_BYTES, true]);
  expectCalm(postern);
});

Deno.test(`HTTP/2: ${ECHOES} bodies both ways, ${ECHOES_AT_ONCE} at a time, do not mix (seed ${SEED})`, async () => {
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    ({ body }) => new Response(body),
  );
  await using postern = await startFor({ address: server.addr });
  await using client = await connect(postern);
  client.witness.keepsBodies = true;
  const random = new Random(SEED);
  let left = ECHOES;
  const echoOn = async () => {
    while (left-- > 0) {
      const bytes = random.bytes(1 + random.below(60_000));
      const id = await client.open({ method: "POST", isWhole: false });
      let start = 0;
      for (const end of random.cuts(bytes.length, 20_000)) {
        await client.write(id, bytes.subarray(start, end), end === bytes.length);
        start = end;
        await new Promise((resolve) => setTimeout(resolve, random.below(3)));
      }
      const { body, head, isEnded } = await client.outcome(id);
      deepStrictEqual([head?.status, isEnded], [200, true]);
      ok(body === decodeLatin1(bytes), `stream ${id}: ${body.length} of ${bytes.length} bytes`);
    }
  };
  await Promise.all(Array.from({ length: ECHOES_AT_ONCE }, echoOn));
  expectCalm(postern);
});
