import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { type BrokenUpstream, startBrokenUpstream } from "../support/broken_upstream.ts";
import { curl } from "../support/curl.ts";
import { testWithPrograms } from "../support/installed.ts";
import type { Postern } from "../support/postern.ts";
import { readDescriptorLimit, residentMib } from "../support/process_usage.ts";
import { openTls, type RawClient } from "../support/raw_client.ts";
import { internalCaFile, makeConfig, offloadTo, startWithRoutes } from "../support/routes.ts";
import { makeTlsFiles, type TlsFiles } from "../support/tls_files.ts";

const ASK = "GET /socket HTTP/1.1\r\nHost: a.test\r\nConnection: keep-alive, Upgrade\r\n" +
  "Upgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
const SWITCH =
  "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";

/** Switches protocols and sends back every byte. */
function startEchoSocket(): BrokenUpstream {
  return startBrokenUpstream(async (peer) => {
    const head = await peer.readHead();
    if (!/^upgrade: websocket/im.test(head)) {
      return void await peer.write("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nplain");
    }
    await peer.write(SWITCH);
    for (let bytes = await peer.read(); bytes !== undefined; bytes = await peer.read()) {
      await peer.write(bytes);
    }
    await peer.write("last");
  });
}

async function openSocket(postern: Postern, caPem: string): Promise<RawClient> {
  const client = await openTls(postern.https[0], { serverName: "a.test", caPem });
  await client.write(ASK);
  match(await client.readUntil("\r\n\r\n"), /^HTTP\/1\.1 101 /);
  return client;
}

async function checkOpen(client: RawClient, text: string): Promise<void> {
  await client.write(text);
  strictEqual(await client.readUntil(text), text);
}

/** Makes a route by the files of its certificate. */
function routeWith({ address }: BrokenUpstream) {
  return ({ certFile, keyFile }: TlsFiles) =>
    offloadTo("a.test", `http://127.0.0.1:${address.port}`, {
      tls: { certificate: { cert: certFile, key: keyFile } },
    });
}

/** Has a configuration of one route take effect. */
async function reload(postern: Postern, route: ReturnType<typeof offloadTo>): Promise<void> {
  postern.writeConfig(makeConfig([route]));
  postern.process.kill("SIGHUP");
  await postern.waitForLog(/ reloaded /);
}

const readCa = (postern: Postern) => Deno.readTextFileSync(internalCaFile(postern));

for (const engine of ["splice", "portable"]) {
  Deno.test(`upgrade: bytes pass both ways, a half-close too (${engine})`, async () => {
    await using upstream = startEchoSocket();
    await using postern = await startWithRoutes([
      offloadTo("a.test", `http://127.0.0.1:${upstream.address.port}`),
    ], { top: { relay: { engine } } });
    using client = await openSocket(postern, readCa(postern));
    await checkOpen(client, "\x89\x05hello");
    await checkOpen(client, "x".repeat(200_000) + "!");
    await client.end();
    const { how, text } = await client.readToEnd();
    deepStrictEqual({ how, text }, { how: "end", text: "last" });
  });
}

Deno.test("upgrade: what either side sends right behind the heads is kept", async () => {
  await using upstream = startBrokenUpstream(async (peer) => {
    await peer.readHead();
    await peer.write(`${SWITCH}early from the server`);
    const bytes = await peer.read();
    await peer.write(`got ${new TextDecoder().decode(bytes)}`);
    await peer.untilGone();
  });
  await using postern = await startWithRoutes([
    offloadTo("a.test", `http://127.0.0.1:${upstream.address.port}`),
  ]);
  using client = await openTls(postern.https[0], { serverName: "a.test", caPem: readCa(postern) });
  await client.write(`${ASK}early from the client`);
  await client.readUntil("early from the server");
  await client.readUntil("got early from the client");
});

Deno.test("upgrade: a reload closes none, even if its route is gone", async () => {
  await using upstream = startEchoSocket();
  const server = `http://127.0.0.1:${upstream.address.port}`;
  await using postern = await startWithRoutes([
    offloadTo("a.test", server),
    offloadTo("b.test", server),
  ]);
  using client = await openSocket(postern, readCa(postern));
  await checkOpen(client, "before");
  await reload(postern, offloadTo("b.test", server));
  await checkOpen(client, "after");
});

testWithPrograms(["curl"], "upgrade: a renewed certificate closes none", async () => {
  await using upstream = startEchoSocket();
  using before = await makeTlsFiles(["a.test"]);
  using after = await makeTlsFiles(["a.test"]);
  const route = routeWith(upstream);
  await using postern = await startWithRoutes([route(before)]);
  using client = await openSocket(postern, Deno.readTextFileSync(before.caFile));
  await reload(postern, route(after));
  const fresh = await curl("https://a.test/", { to: postern.https[0], caFile: after.caFile });
  strictEqual(fresh.body, "plain", fresh.error);
  await checkOpen(client, "still the old certificate");
});

/** What a client that reads nothing may cost, in MiB; the server has sent far more. */
const SLOW_READER_MIB = 48;

Deno.test(`upgrade: a client that reads nothing costs less than ${SLOW_READER_MIB} MiB`, async () => {
  let sentMib = 0;
  const stalled = Promise.withResolvers<void>();
  await using upstream = startBrokenUpstream(async (peer) => {
    await peer.readHead();
    await peer.write(SWITCH);
    const mib = new Uint8Array(1024 * 1024);
    for (; sentMib < 512; sentMib++) {
      const timer = setTimeout(stalled.resolve, 1_500);
      await peer.write(mib);
      clearTimeout(timer);
    }
    stalled.resolve();
  });
  await using postern = await startWithRoutes([
    offloadTo("a.test", `http://127.0.0.1:${upstream.address.port}`),
  ]);
  using _client = await openSocket(postern, readCa(postern));
  const before = await residentMib(postern.process.pid);
  await stalled.promise;
  const grown = await residentMib(postern.process.pid) - before;
  ok(sentMib < 64, `the server could send ${sentMib} MiB to nobody`);
  ok(grown < SLOW_READER_MIB, `${grown} MiB more`);
});

/** A WebSocket takes four descriptors: the client's, two of the hop, the server's. */
const IDLE_WANTED = 10_000;
const descriptors = readDescriptorLimit();
const IDLE = Math.min(IDLE_WANTED, Math.floor((descriptors - 1_000) / 4));
const ceiling = IDLE < IDLE_WANTED ? `, as many as ${descriptors} descriptors allow,` : "";

Deno.test(`upgrade: ${IDLE} idle sockets${ceiling} outlive a renewed certificate`, async () => {
  await using upstream = startEchoSocket();
  using before = await makeTlsFiles(["a.test"]);
  using after = await makeTlsFiles(["a.test"]);
  const route = routeWith(upstream);
  await using postern = await startWithRoutes([route(before)]);
  const caPem = Deno.readTextFileSync(before.caFile);
  const clients: RawClient[] = [];
  try {
    for (let index = 0; index < IDLE; index += 50) {
      clients.push(
        ...await Promise.all(Array.from({ length: 50 }, () => openSocket(postern, caPem))),
      );
    }
    await reload(postern, route(after));
    strictEqual(upstream.open, clients.length);
    for (const [index, client] of clients.entries()) await checkOpen(client, `ping ${index};`);
  } finally {
    for (const client of clients) client[Symbol.dispose]();
  }
});
