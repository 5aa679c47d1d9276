import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { connect as connectHttp2 } from "node:http2";
import { formatAddress, type TcpAddress } from "../../lib/base/addresses.ts";
import { SIGNAL_ECHO_MS } from "../../lib/base/limits.ts";
import { type BrokenUpstream, startBrokenUpstream } from "../support/broken_upstream.ts";
import { buildClientHello } from "../support/client_hello_builder.ts";
import { makeCertificate } from "../support/certificates.ts";
import { curl } from "../support/curl.ts";
import { withDeadline } from "../support/deadline.ts";
import { checkEcho, openEcho, startEchoUpstream } from "../support/echo_upstream.ts";
import { testWithPrograms } from "../support/installed.ts";
import { type Postern, runPostern } from "../support/postern.ts";
import { openTcp, openTls, type RawClient } from "../support/raw_client.ts";
import {
  internalCaFile,
  makeConfig,
  offloadTo,
  passTo,
  startWithRoutes,
} from "../support/routes.ts";
import { makeTempFolder, type TempFolder } from "../support/temp_folder.ts";

const HALF_BYTES = 3_000_000;

/** Answers with one half of a body, and with the other when it is let go. */
function startHalvingUpstream(): BrokenUpstream & { letGo(): void } {
  const go = Promise.withResolvers<void>();
  const upstream = startBrokenUpstream(async (peer) => {
    await peer.readHead();
    await peer.write(`HTTP/1.1 200 OK\r\nContent-Length: ${2 * HALF_BYTES}\r\n\r\n`);
    await peer.write(half(1));
    await Promise.race([go.promise, peer.untilGone()]);
    await peer.write(half(2));
  });
  return Object.assign(upstream, { letGo: go.resolve });
}

/** ASCII, so that what curl returns as text is what was sent. */
function half(seed: number): string {
  return Array.from({ length: HALF_BYTES / 10 }, (_, i) => `${(i * 7919 + seed) % 1e9}`.padEnd(10))
    .join("");
}

/** Answers every request on a connection with the same few bytes. */
function startSmallUpstream(): BrokenUpstream {
  return startBrokenUpstream(async (peer) => {
    for (;;) {
      await peer.readHead();
      await peer.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    }
  });
}

function readCa(postern: Postern): string {
  return Deno.readTextFileSync(internalCaFile(postern));
}

function url({ address }: BrokenUpstream): string {
  return `http://${formatAddress(address)}`;
}

const REQUEST = "GET / HTTP/1.1\r\nHost: a.example\r\n\r\n";

async function ask(client: RawClient): Promise<void> {
  await client.write(REQUEST);
  await client.readUntil("\r\n\r\nok");
}

/** What the kernel had accepted a moment before may still be reset. */
async function waitUntilRefused(to: TcpAddress): Promise<void> {
  const endsAt = performance.now() + 20_000;
  for (;;) {
    const error = await connectOnce(to);
    if (error instanceof Deno.errors.ConnectionRefused) return;
    if (performance.now() > endsAt) {
      throw new Error("new connections are accepted", { cause: error });
    }
  }
}

async function connectOnce({ hostname, port }: TcpAddress): Promise<unknown> {
  try {
    (await Deno.connect({ hostname, port })).close();
    return undefined;
  } catch (error) {
    return error;
  }
}

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  testWithPrograms(
    ["curl"],
    `lifecycle: ${signal} lets a download finish, exit code 0`,
    async () => {
      await using upstream = startHalvingUpstream();
      await using postern = await startWithRoutes([offloadTo("a.example", url(upstream))]);
      const [to] = postern.https;
      const caFile = internalCaFile(postern);
      const downloading = curl("https://a.example/", { to, caFile });
      await withDeadline(
        (async () => {
          while (upstream.open === 0) await new Promise((resolve) => setTimeout(resolve, 5));
        })(),
        20_000,
        () => "the download to start",
      );
      postern.process.kill(signal);
      await postern.waitForLog(/ draining open=1 /);
      await waitUntilRefused(postern.https[0]);
      await waitUntilRefused(postern.http[0]);
      upstream.letGo();
      const { code, status, body } = await downloading;
      deepStrictEqual([code, status, body === half(1) + half(2)], [0, 200, true]);
      strictEqual((await postern.process.exited).code, 0);
      // Those who asked whether it still accepts may have been accepted in its last moments.
      match(postern.log.at(-1)!, / stopped finished=\d+ cut=0 /);
    },
  );
}

Deno.test("lifecycle: a relayed connection goes on during the drain, both ways", async () => {
  await using upstream = startEchoUpstream();
  await using postern = await startWithRoutes([
    passTo("a.example", formatAddress(upstream.address)),
  ]);
  using client = await openEcho(postern.https[0], "a.example");
  postern.process.kill("SIGTERM");
  await postern.waitForLog(/ draining open=1 /);
  await checkEcho(client);
  await client.end();
  strictEqual((await client.readToEnd()).how, "end");
  strictEqual((await postern.process.exited).code, 0);
});

Deno.test("lifecycle: an idle keep-alive connection ends at once, in good order", async () => {
  await using upstream = startSmallUpstream();
  await using postern = await startWithRoutes([offloadTo("a.example", url(upstream))]);
  const caPem = readCa(postern);
  using client = await openTls(postern.https[0], { serverName: "a.example", caPem });
  await ask(client);
  postern.process.kill("SIGTERM");
  const { bytes, how } = await client.readToEnd();
  deepStrictEqual({ length: bytes.length, how }, { length: 0, how: "end" });
  // As every client does that has read the end.
  client.connection.close();
  strictEqual((await postern.process.exited).code, 0);
});

Deno.test("lifecycle: an idle HTTP/2 connection is told to go away", async () => {
  await using upstream = startSmallUpstream();
  await using postern = await startWithRoutes([offloadTo("a.example", url(upstream))]);
  const session = connectHttp2(`https://127.0.0.1:${postern.https[0].port}`, {
    servername: "a.example",
    ca: readCa(postern),
  });
  const closed = new Promise<void>((resolve) => session.once("close", () => resolve()));
  const answered = Promise.withResolvers<unknown>();
  session.once("error", answered.reject);
  const request = session.request({ ":path": "/", ":authority": "a.example" });
  request.once("response", (headers) => answered.resolve(headers[":status"]));
  request.resume().end();
  strictEqual(await withDeadline(answered.promise, 20_000, () => "an answer"), 200);
  const stopping = postern.stop(20_000);
  await withDeadline(closed, 20_000, () => "the end of the session");
  strictEqual(await stopping, 0);
});

Deno.test("lifecycle: a second signal ends it at once, exit code 1", async () => {
  await using upstream = startEchoUpstream();
  await using postern = await startWithRoutes([
    passTo("a.example", formatAddress(upstream.address)),
  ]);
  using client = await openEcho(postern.https[0], "a.example");
  postern.process.kill("SIGTERM");
  await postern.waitForLog(/ draining open=1 /);
  // What comes within this time is taken for an echo of the first.
  await new Promise((resolve) => setTimeout(resolve, SIGNAL_ECHO_MS + 50));
  postern.process.kill("SIGTERM");
  const { code } = await withDeadline(postern.process.exited, 20_000, () => "the end");
  strictEqual(code, 1);
  match(postern.log.at(-1)!, / warn {2}Stopped at once by a second signal signal=SIGTERM$/);
  await client.readToEnd();
});

Deno.test("lifecycle: the echo of a signal to the whole process group is no second one", async () => {
  await using upstream = startEchoUpstream();
  await using postern = await startWithRoutes([
    passTo("a.example", formatAddress(upstream.address)),
  ]);
  using client = await openEcho(postern.https[0], "a.example");
  postern.process.kill("SIGTERM");
  postern.process.kill("SIGINT");
  await postern.waitForLog(/ draining open=1 /);
  await checkEcho(client);
  await client.end();
  strictEqual((await postern.process.exited).code, 0);
});

Deno.test("lifecycle: SIGHUP during the drain does nothing", async () => {
  await using upstream = startEchoUpstream();
  await using postern = await startWithRoutes([
    passTo("a.example", formatAddress(upstream.address)),
  ]);
  using client = await openEcho(postern.https[0], "a.example");
  postern.process.kill("SIGTERM");
  await postern.waitForLog(/ draining open=1 /);
  for (let turn = 1; turn <= 3; turn++) {
    postern.process.kill("SIGHUP");
    await checkEcho(client, `turn ${turn}`);
  }
  await client.end();
  strictEqual((await postern.process.exited).code, 0);
  strictEqual(postern.log.some((line) => line.includes("reload")), false);
});

/** Starts `postern run` where it is expected to fail. @returns Its exit code and its log. */
async function runToFailure(configYaml: string, folder: TempFolder) {
  const config = folder.write("routes.yaml", configYaml);
  const args = ["run", "--config", config, "--state", `${folder.path}/state`];
  await using process = await runPostern(args);
  const { code } = await withDeadline(process.exited, 20_000, () => process.describe());
  deepStrictEqual(process.stdout, []);
  return { code, log: process.stderr };
}

for (const listen of ["https", "http"]) {
  Deno.test(`lifecycle: an ${listen} address in use is named, exit code 1`, async () => {
    using folder = makeTempFolder();
    using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const address = `127.0.0.1:${taken.addr.port}`;
    const routes = [offloadTo("a.example", "sample")];
    const { code, log } = await runToFailure(
      makeConfig(routes, { listen: { [listen]: address } }),
      folder,
    );
    strictEqual(code, 1);
    strictEqual(log.length, 1, log.join("\n"));
    match(
      log[0],
      new RegExp(` error Cannot start error="Cannot listen on ${address}: Address already in use`),
    );
  });
}

const pair = await makeCertificate({ names: ["a.example"] });
const otherPair = await makeCertificate({ names: ["a.example"] });

/** What may stand in the two files, and what the log says of them. */
const CERTIFICATES: readonly [name: string, cert: string, key: string, error: RegExp][] = [
  ["no certificate", "", pair.keyPem, /a\.pem/],
  ["no PEM", "certificate", pair.keyPem, /a\.pem/],
  ["a certificate cut short", pair.certPem.slice(0, 200), pair.keyPem, /a\.pem/],
  ["no key", pair.certPem, "", /a\.key/],
  ["a certificate as its key", pair.certPem, pair.certPem, /a\.key/],
  ["the key of another certificate", pair.certPem, otherPair.keyPem, /a\.key/],
];

for (const [name, cert, key, error] of CERTIFICATES) {
  Deno.test(`lifecycle: a certificate file with ${name} is named, exit code 1`, async () => {
    using folder = makeTempFolder();
    const files = { cert: folder.write("a.pem", cert), key: folder.write("a.key", key) };
    const route = offloadTo("a.example", "sample", { tls: { certificate: files } });
    const { code, log } = await runToFailure(makeConfig([route]), folder);
    strictEqual(code, 1);
    strictEqual(log.length, 1, log.join("\n"));
    match(log[0], / error Cannot start error="/);
    match(log[0], error);
    strictEqual(log[0].includes("PRIVATE KEY-----\\n"), false);
  });
}

for (const missing of ["cert", "key"]) {
  Deno.test(`lifecycle: a missing ${missing} file is named, exit code 1`, async () => {
    using folder = makeTempFolder();
    const files = {
      cert: folder.write("a.pem", pair.certPem),
      key: folder.write("a.key", pair.keyPem),
    };
    const certificate = { ...files, [missing]: `${folder.path}/missing.pem` };
    const route = offloadTo("a.example", "sample", { tls: { certificate } });
    const { code, log } = await runToFailure(makeConfig([route]), folder);
    strictEqual(code, 1);
    match(log.join("\n"), / error Cannot start error=".*missing\.pem/);
  });
}

/** Moment, level in five columns, then a sentence with an optional module before it. */
const LOG_LINE = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (debug|info |warn |error) (?:\w+: )?\S/;

Deno.test("lifecycle: every line of the log has the one format, whatever strangers send", async () => {
  await using upstream = startSmallUpstream();
  await using postern = await startWithRoutes([offloadTo("a.example", url(upstream))]);
  const caPem = readCa(postern);
  const forged = "2026-11-21T12:00:00.000Z error forged\x1b[2J";
  const sent = [
    `GET /?secret=${"s".repeat(40)} HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n`,
    `GET / HTTP/1.1\r\nHost: a.example\r\nUser-Agent: x\r\n ${forged}\r\n\r\n`,
    `GET /\n${forged} HTTP/1.1\r\nHost: ${forged}\r\nConnection: close\r\n\r\n`,
  ];
  for (const text of sent) {
    using client = await openTls(postern.https[0], { serverName: "a.example", caPem });
    await client.write(text);
    await client.end();
    await client.readToEnd();
  }
  for (const name of ["unknown.example", "A\n.example", "\x1b[2J.example", "x".repeat(300)]) {
    using client = await openTcp(postern.https[0]);
    await client.write(buildClientHello({ serverName: name }));
    await client.readToEnd();
  }
  strictEqual(await postern.stop(), 0);
  for (const line of postern.log) {
    match(line, LOG_LINE);
    strictEqual(/\p{Cc}/u.test(line), false, line);
    strictEqual(line.includes("sssss"), false, line);
  }
  strictEqual(postern.log.filter((line) => / debug .*connection /.test(line)).length, 7);
});

Deno.test("lifecycle: log.level hides what is less grave", async () => {
  using folder = makeTempFolder();
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const top = { log: { level: "error" }, listen: { http: `127.0.0.1:${taken.addr.port}` } };
  const { log } = await runToFailure(makeConfig([offloadTo("a.example", "sample")], top), folder);
  deepStrictEqual(log.map((line) => line.split(" ")[1]), ["error"]);
});
