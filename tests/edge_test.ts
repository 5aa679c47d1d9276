import { deepStrictEqual, match, rejects, strictEqual } from "node:assert/strict";
import { formatAddress, formatHostPort, type TcpAddress } from "../lib/base/addresses.ts";
import { systemClock } from "../lib/base/clock.ts";
import { Counters } from "../lib/base/counters.ts";
import { createLog } from "../lib/base/log.ts";
import type { Config } from "../lib/config/config.ts";
import { parseConfig } from "../lib/config/parse_config.ts";
import { Edge } from "../lib/edge.ts";
import { type BrokenUpstream, startBrokenUpstream } from "./support/broken_upstream.ts";
import { makeAuthority, makeCertificate } from "./support/certificates.ts";
import { buildClientHello } from "./support/client_hello_builder.ts";
import { checkEcho, openEcho, startEchoUpstream } from "./support/echo_upstream.ts";
import { whyNoIpv6 } from "./support/ipv6.ts";
import { MemoryStore } from "./support/memory_store.ts";
import { openTcp, openTls } from "./support/raw_client.ts";
import { makeConfig, offloadTo, passTo, type YamlMapping } from "./support/routes.ts";
import { makeTempFolder } from "./support/temp_folder.ts";

function configOf(routes: readonly YamlMapping[], top: YamlMapping = {}): Config {
  const parsed = parseConfig(makeConfig(routes, top), { path: "/routes.yaml" });
  if (parsed.kind !== "config") throw new Error(JSON.stringify(parsed.problems));
  return parsed.config;
}

/** An edge with all it stands on; disposing of it stops it, and the test finds what it leaves open. */
interface Place extends AsyncDisposable {
  readonly edge: Edge;
  readonly store: MemoryStore;
  readonly lines: string[];
}

async function openPlace(config: Config, store = new MemoryStore()): Promise<Place> {
  const lines: string[] = [];
  const log = createLog({ level: "debug", write: (line) => lines.push(line) });
  const edge = await Edge.open(config, {
    log,
    store,
    clock: systemClock,
    counters: new Counters(),
  });
  return { edge, store, lines, [Symbol.asyncDispose]: async () => void await edge.stop(1_000) };
}

/** Answers every request with a text. */
function startTextUpstream(text: string): BrokenUpstream {
  return startBrokenUpstream(async (peer) => {
    for (;;) {
      await peer.readHead();
      await peer.write(`HTTP/1.1 200 OK\r\nContent-Length: ${text.length}\r\n\r\n${text}`);
    }
  });
}

function url({ address }: BrokenUpstream): string {
  return `http://${formatAddress(address)}`;
}

interface Question {
  readonly to: TcpAddress;
  readonly serverName: string;
  readonly caPem: string;
  /** Default: the server name. */
  readonly host?: string;
}

/** Sends one request on a connection of its own. @returns The answer's status and body. */
async function ask({ to, serverName, caPem, host = serverName }: Question): Promise<string> {
  using client = await openTls(to, { serverName, caPem });
  await client.write(`GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
  const { text } = await client.readToEnd();
  return `${text.slice(9, 12)} ${text.slice(text.indexOf("\r\n\r\n") + 4)}`;
}

function internalCa(store: MemoryStore): string {
  return store.text("internal-ca/cert.pem")!;
}

async function isFree({ hostname, port }: TcpAddress): Promise<boolean> {
  try {
    (await Deno.connect({ hostname, port })).close();
    return false;
  } catch {
    return true; // Nobody listens.
  }
}

Deno.test("Edge.open: listens on the ports that it tells", async () => {
  await using upstream = startEchoUpstream();
  const second = whyNoIpv6 === undefined ? "::1" : "127.0.0.2";
  const listen = { https: ["127.0.0.1:0", formatHostPort(second, 0)], http: [] };
  const config = configOf([passTo("a.example", formatAddress(upstream.address))], { listen });
  await using place = await openPlace(config);
  const { https, http } = place.edge.addresses;
  deepStrictEqual([https.map(({ hostname }) => hostname), http], [["127.0.0.1", second], []]);
  for (const address of https) {
    using client = await openEcho(address, "a.example");
    strictEqual(place.edge.open, 1);
    await client.end();
    await client.readToEnd();
  }
});

Deno.test("Edge.open: of two addresses, one of them taken, leaves none open", async () => {
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const other = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const free: TcpAddress = { kind: "tcp", hostname: "127.0.0.1", port: other.addr.port };
  other.close();
  const listen = { https: [formatAddress(free), `127.0.0.1:${taken.addr.port}`] };
  await rejects(
    openPlace(configOf([offloadTo("a.example", "sample")], { listen })),
    new RegExp(`Cannot listen on 127\\.0\\.0\\.1:${taken.addr.port}: Address already in use`),
  );
  strictEqual(await isFree(free), true);
});

Deno.test("Edge.open: names a certificate file that it cannot use", async () => {
  using folder = makeTempFolder();
  const certificate = { cert: folder.write("a.pem", "no certificate"), key: "/nowhere/a.key" };
  const route = offloadTo("a.example", "http://127.0.0.1:1", { tls: { certificate } });
  await rejects(openPlace(configOf([route])), /a\.pem|a\.key/);
});

Deno.test("Edge: redirects of port 80 name the port that port 443 became", async () => {
  await using place = await openPlace(configOf([offloadTo("a.example", "http://127.0.0.1:1")]));
  const { https, http } = place.edge.addresses;
  using client = await openTcp(http[0]);
  await client.write("GET /path?query HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n");
  const { text } = await client.readToEnd();
  match(text, /^HTTP\/1\.1 308 /);
  match(text, new RegExp(`^location: https://a\\.example:${https[0].port}/path\\?query\r$`, "im"));
});

Deno.test("Edge: a host is served only on a connection whose certificate covers it, or is its own", async () => {
  using folder = makeTempFolder();
  const ca = await makeAuthority();
  const shared = await makeCertificate({ names: ["a.example", "b.example"], ca });
  const certificate = {
    cert: folder.write("shared.pem", shared.certPem),
    key: folder.write("shared.key", shared.keyPem),
  };
  await using one = startTextUpstream("one");
  await using two = startTextUpstream("two");
  await using place = await openPlace(configOf([
    offloadTo("a.example", url(one), { tls: { certificate } }),
    offloadTo("b.example", url(two), { tls: { certificate } }),
    offloadTo("e.example", url(one), { tls: { certificate } }),
    offloadTo("c.example", url(one)),
    passTo("d.example", "127.0.0.1:1"),
    offloadTo("*", url(two)),
  ]));
  const [to] = place.edge.addresses.https;
  const asA = { to, serverName: "a.example", caPem: ca.certPem };
  const cases: readonly [host: string, answer: RegExp][] = [
    ["a.example", /^200 one$/],
    // Under its own route.
    ["b.example", /^200 two$/],
    ["A.EXAMPLE.", /^200 one$/],
    // The files were given for it: what they cover is for clients to judge.
    ["e.example", /^200 one$/],
    ["c.example", /^421 /],
    ["d.example", /^421 /],
    ["unknown.example", /^421 /],
  ];
  for (const [host, answer] of cases) match(await ask({ ...asA, host }), answer, host);
  const asC = { to, serverName: "c.example", caPem: internalCa(place.store) };
  match(await ask(asC), /^200 one$/);
  match(await ask({ ...asC, host: "a.example" }), /^421 /);
});

Deno.test("Edge.reload: takes over routes and certificates, old connections stay", async () => {
  await using one = startTextUpstream("one");
  await using echo = startEchoUpstream();
  const echoing = passTo("echo.example", formatAddress(echo.address));
  await using place = await openPlace(configOf([echoing]));
  const [to] = place.edge.addresses.https;
  using client = await openEcho(to, "echo.example");
  await place.edge.reload(configOf([offloadTo("a.example", url(one))]));
  const question = { to, serverName: "a.example", caPem: internalCa(place.store) };
  strictEqual(await ask(question), "200 one");
  await checkEcho(client);
  await client.end();
  await client.readToEnd();
  using refused = await openTcp(to);
  await refused.write(buildClientHello({ serverName: "echo.example" }));
  const { bytes } = await refused.readToEnd();
  // A fatal alert, unrecognized_name (RFC 8446 §6.2).
  deepStrictEqual([bytes.length, bytes[0], ...bytes.slice(5)], [7, 21, 2, 112]);
});

Deno.test("Edge.reload: of a configuration that cannot be used changes nothing", async () => {
  await using one = startTextUpstream("one");
  await using place = await openPlace(configOf([offloadTo("a.example", url(one))]));
  const [to] = place.edge.addresses.https;
  const certificate = { cert: "/nowhere/b.pem", key: "/nowhere/b.key" };
  const broken = configOf([offloadTo("b.example", url(one), { tls: { certificate } })]);
  await rejects(place.edge.reload(broken), /\/nowhere\/b\./);
  const unreadable = configOf([
    offloadTo("b.example", "https://127.0.0.1:1", { upstream_tls: { ca: "/nowhere/ca.pem" } }),
  ]);
  await rejects(place.edge.reload(unreadable), /\/nowhere\/ca\.pem/);
  const question = { to, serverName: "a.example", caPem: internalCa(place.store) };
  strictEqual(await ask(question), "200 one");
});

Deno.test("Edge.reload: refuses source: client where the engine cannot, and changes nothing", async () => {
  await using one = startTextUpstream("one");
  const config = configOf([offloadTo("a.example", url(one))], { relay: { engine: "portable" } });
  await using place = await openPlace(config);
  const [to] = place.edge.addresses.https;
  // The engine stays until a restart, so that a file which changes both is refused here.
  const route = { ...passTo("b.example", "127.0.0.1:1"), source: "client", http: "off" };
  await rejects(
    place.edge.reload(configOf([route])),
    /"source: client": the portable engine cannot/,
  );
  const question = { to, serverName: "a.example", caPem: internalCa(place.store) };
  strictEqual(await ask(question), "200 one");
});

Deno.test("Edge.reload: samples may come later, and their hosts change", async () => {
  await using one = startTextUpstream("one");
  await using place = await openPlace(configOf([offloadTo("a.example", url(one))]));
  const [to] = place.edge.addresses.https;
  const sample = (host: string) => passTo(host, "sample");
  for (const serverName of ["b.example", "c.example"]) {
    await place.edge.reload(configOf([sample(serverName)]));
    const caPem = place.store.text("sample/cert.pem")!;
    match(await ask({ to, serverName, caPem }), /^200 Postern sample upstream: TLS/);
  }
});

Deno.test("Edge.stop: lets what ends by itself finish, cuts the rest when time is over", async () => {
  await using echo = startEchoUpstream();
  await using hanging = startBrokenUpstream(async (peer) => {
    await peer.readHead();
    await peer.untilGone();
  });
  const place = await openPlace(configOf([
    passTo("echo.example", formatAddress(echo.address)),
    offloadTo("hangs.example", url(hanging)),
  ]));
  const [to] = place.edge.addresses.https;
  using finishing = await openEcho(to, "echo.example");
  using staying = await openEcho(to, "echo.example");
  const caPem = internalCa(place.store);
  using waiting = await openTls(to, { serverName: "hangs.example", caPem });
  await waiting.write("GET / HTTP/1.1\r\nHost: hangs.example\r\n\r\n");
  while (hanging.open === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  const startedMs = performance.now();
  const stopping = place.edge.stop(2_000);
  await finishing.end();
  await finishing.readToEnd();
  deepStrictEqual(await stopping, { finished: 1, cut: 2 });
  const tookMs = performance.now() - startedMs;
  strictEqual(tookMs > 1_950, true, `${tookMs} ms`);
  await staying.readToEnd();
  await waiting.readToEnd();
});

Deno.test("Edge.stop: a request in flight is answered before its connection ends", async () => {
  const go = Promise.withResolvers<void>();
  await using slow = startBrokenUpstream(async (peer) => {
    await peer.readHead();
    await Promise.race([go.promise, peer.untilGone()]);
    await peer.write("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlate");
  });
  const place = await openPlace(configOf([offloadTo("a.example", url(slow))]));
  const caPem = internalCa(place.store);
  const answer = ask({ to: place.edge.addresses.https[0], serverName: "a.example", caPem });
  while (slow.open === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  const stopping = place.edge.stop(10_000);
  go.resolve();
  strictEqual(await answer, "200 late");
  deepStrictEqual(await stopping, { finished: 1, cut: 0 });
});

Deno.test("Edge: records each connection at level debug", async () => {
  await using echo = startEchoUpstream();
  const address = formatAddress(echo.address);
  const place = await openPlace(configOf([passTo("a.example", address)]));
  using client = await openEcho(place.edge.addresses.https[0], "a.example");
  await client.end();
  await client.readToEnd();
  await place.edge.stop(1_000);
  const line = place.lines.find((line) => line.includes(" connection client="))!;
  match(line, / client=127\.0\.0\.1:\d+ serverName=a\.example route=0 /);
  match(line, new RegExp(` server=${address} up=(\\d+) down=\\1 ms=\\d+ end=closed$`));
});

Deno.test("Edge: servers are checked until they are gone from the configuration, or the edge has stopped", async () => {
  let asked = 0;
  await using one = startBrokenUpstream(async (peer) => {
    const head = await peer.readHead();
    if (/^GET \/health HTTP/.test(String(head))) asked++;
    await peer.write("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\none");
  });
  const untilAsked = async (more: number) => {
    const wanted = asked + more;
    const endsAt = performance.now() + 30_000;
    while (asked < wanted && performance.now() < endsAt) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    strictEqual(asked >= wanted, true, `${asked} of ${wanted} checks`);
  };
  const health = { path: "/health", interval: "100ms" };
  const checked = configOf([offloadTo("a.example", url(one), { health_check: health })]);
  const place = await openPlace(checked);
  await untilAsked(3);
  await place.edge.reload(configOf([offloadTo("a.example", url(one))]));
  const before = asked;
  const [to] = place.edge.addresses.https;
  const question = { to, serverName: "a.example", caPem: internalCa(place.store) };
  strictEqual(await ask(question), "200 one");
  // Longer than five intervals; one question may have been under way.
  const aWhile = () => new Promise((resolve) => setTimeout(resolve, 550));
  await aWhile();
  strictEqual(asked - before <= 1, true, "the configuration has no check");
  await place.edge.reload(checked);
  await untilAsked(2);
  await place.edge.stop(1_000);
  const after = asked;
  await aWhile();
  strictEqual(asked - after <= 1, true, "the edge has stopped");
});
