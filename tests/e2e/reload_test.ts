import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { formatAddress } from "../../lib/base/addresses.ts";
import { type BrokenUpstream, startBrokenUpstream } from "../support/broken_upstream.ts";
import { makeAuthority, makeCertificate } from "../support/certificates.ts";
import { curl } from "../support/curl.ts";
import { checkEcho, openEcho, startEchoUpstream } from "../support/echo_upstream.ts";
import { testWithPrograms } from "../support/installed.ts";
import { opensslConnect } from "../support/openssl_client.ts";
import type { Postern } from "../support/postern.ts";
import { openTls } from "../support/raw_client.ts";
import {
  internalCaFile,
  makeConfig,
  offloadTo,
  passTo,
  startWithRoutes,
  type YamlMapping,
} from "../support/routes.ts";
import { fingerprintOf, shownCertificate } from "../support/shown_certificate.ts";
import { makeTempFolder } from "../support/temp_folder.ts";

const UNRECOGNIZED_NAME = 112;

/** Answers every request with its own name. */
function startNamedUpstream(name: string): BrokenUpstream {
  return startBrokenUpstream(async (peer) => {
    for (;;) {
      await peer.readHead();
      await peer.write(`HTTP/1.1 200 OK\r\nContent-Length: ${name.length}\r\n\r\n${name}`);
    }
  });
}

function url({ address }: BrokenUpstream): string {
  return `http://${formatAddress(address)}`;
}

/** Sends SIGHUP and waits until as many reloads as before, and one more, have been reported. */
async function reload(postern: Postern, report: RegExp): Promise<string> {
  const before = postern.log.length;
  postern.process.kill("SIGHUP");
  // Earlier lines count as well for `waitForLog`, so a report of an earlier reload is passed over.
  for (let isNew = false; !isNew;) {
    await postern.waitForLog(report);
    isNew = postern.log.slice(before).some((line) => report.test(line));
    if (!isNew) await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return postern.log.slice(before).join("\n");
}

async function fetchBody(postern: Postern, host: string): Promise<string> {
  const caFile = internalCaFile(postern);
  const { body, error } = await curl(`https://${host}/`, { to: postern.https[0], caFile });
  return error === "" ? body : error;
}

testWithPrograms(["curl"], "reload: a new route is served, a changed one differently", async () => {
  await using one = startNamedUpstream("one");
  await using two = startNamedUpstream("two");
  await using postern = await startWithRoutes([offloadTo("a.example", url(one))]);
  strictEqual(await fetchBody(postern, "a.example"), "one");
  postern.writeConfig(
    makeConfig([offloadTo("a.example", url(two)), offloadTo("b.example", url(one))]),
  );
  match(await reload(postern, / info {2}reloaded /), / reloaded routes=2$/m);
  strictEqual(await fetchBody(postern, "a.example"), "two");
  strictEqual(await fetchBody(postern, "b.example"), "one");
  strictEqual(await postern.stop(), 0);
});

testWithPrograms(
  ["openssl"],
  "reload: an open passthrough connection is not touched, not even if its route is removed",
  async () => {
    await using upstream = startEchoUpstream();
    const address = formatAddress(upstream.address);
    await using postern = await startWithRoutes([
      passTo("stays.example", address),
      passTo("goes.example", address),
    ]);
    using staying = await openEcho(postern.https[0], "stays.example");
    using going = await openEcho(postern.https[0], "goes.example");
    postern.writeConfig(makeConfig([passTo("stays.example", address)]));
    await reload(postern, / reloaded /);
    await checkEcho(staying);
    await checkEcho(going);
    using again = await openEcho(postern.https[0], "stays.example");
    await checkEcho(again);
    const { alert } = await opensslConnect(postern.https[0], { serverName: "goes.example" });
    strictEqual(alert, UNRECOGNIZED_NAME);
    for (const client of [staying, going, again]) {
      await client.end();
      strictEqual((await client.readToEnd()).how, "end");
    }
  },
);

Deno.test("reload: an open keep-alive connection stays open and follows the new table", async () => {
  await using one = startNamedUpstream("one");
  await using two = startNamedUpstream("two");
  await using postern = await startWithRoutes([offloadTo("a.example", url(one))]);
  const caPem = Deno.readTextFileSync(internalCaFile(postern));
  using client = await openTls(postern.https[0], { serverName: "a.example", caPem });
  await client.write("GET / HTTP/1.1\r\nHost: a.example\r\n\r\n");
  await client.readUntil("\r\n\r\none");
  postern.writeConfig(makeConfig([offloadTo("a.example", url(two))]));
  await reload(postern, / reloaded /);
  await client.write("GET / HTTP/1.1\r\nHost: a.example\r\n\r\n");
  await client.readUntil("\r\n\r\ntwo");
});

const BROKEN = `version: 1
listen: { https: "127.0.0.1:0", http: "127.0.0.1:0" }
routes:
  - hosts: [a.example]
    mode: offlaod
    upstream: http://10.0.0.1
  - hosts: [b.example]
    mode: passthrough
    upstream: 10.0.0.2
more: 1
`;

testWithPrograms(
  ["curl"],
  "reload: of a broken file every problem is printed, nothing changes",
  async () => {
    await using upstream = startNamedUpstream("one");
    await using postern = await startWithRoutes([offloadTo("a.example", url(upstream))]);
    postern.writeConfig(BROKEN);
    const log = await reload(postern, / error Cannot reload/);
    const places = log.split("\n").filter((line) => line.startsWith(postern.configFile))
      .map((line) => /:(\d+:\d+): error:/.exec(line)?.[1]);
    deepStrictEqual(places, ["5:11", "9:15", "10:1"]);
    match(log, /Cannot reload: the configuration has errors, what runs keeps running$/);
    strictEqual(await fetchBody(postern, "a.example"), "one");
    Deno.removeSync(postern.configFile);
    match(await reload(postern, /there is no such file/), /there is no such file/);
    strictEqual(await fetchBody(postern, "a.example"), "one");
    postern.writeConfig(makeConfig([offloadTo("b.example", url(upstream))]));
    await reload(postern, / reloaded /);
    strictEqual(await fetchBody(postern, "b.example"), "one");
  },
);

Deno.test("reload: keys that only a start reads are announced as needing a restart", async () => {
  await using upstream = startEchoUpstream();
  const routes = [passTo("a.example", formatAddress(upstream.address))];
  await using postern = await startWithRoutes(routes);
  postern.writeConfig(makeConfig(routes, {
    listen: { https: "127.0.0.2:0" },
    state: "elsewhere",
    relay: { engine: "portable" },
    log: { level: "info" },
  }));
  const log = await reload(postern, / reloaded /);
  deepStrictEqual(
    log.split("\n").flatMap((line) =>
      / warn {2}"(\w+)" has changed: it is used after a restart$/.exec(line)?.[1] ?? []
    ),
    ["listen", "state", "relay", "log"],
  );
  using client = await openEcho(postern.https[0], "a.example");
  await checkEcho(client);
});

testWithPrograms(
  ["curl"],
  "reload: a broken certificate file changes nothing and is named",
  async () => {
    using folder = makeTempFolder();
    const pair = await makeCertificate({ names: ["b.example"] });
    const files = {
      cert: folder.write("b.pem", pair.certPem),
      key: folder.write("b.key", "no key"),
    };
    await using upstream = startNamedUpstream("one");
    await using postern = await startWithRoutes([offloadTo("a.example", url(upstream))]);
    const withFiles: YamlMapping = { tls: { certificate: files } };
    postern.writeConfig(makeConfig([offloadTo("b.example", url(upstream), withFiles)]));
    match(await reload(postern, / error Cannot reload/), /what runs keeps running error=".*b\.key/);
    strictEqual(await fetchBody(postern, "a.example"), "one");
  },
);

testWithPrograms(
  ["openssl"],
  "reload: a certificate file that was renewed is served, open connections keep the old one",
  async () => {
    using folder = makeTempFolder();
    const ca = await makeAuthority();
    const [before, after] = await Promise.all(
      [1, 2].map(() => makeCertificate({ names: ["a.example"], ca })),
    );
    const files = {
      cert: folder.write("a.pem", before.certPem),
      key: folder.write("a.key", before.keyPem),
    };
    await using upstream = startNamedUpstream("one");
    const route = offloadTo("a.example", url(upstream), { tls: { certificate: files } });
    await using postern = await startWithRoutes([route]);
    using client = await openTls(postern.https[0], { serverName: "a.example", caPem: ca.certPem });
    const shown = async () => fingerprintOf(await shownCertificate(postern.https[0], "a.example"));
    strictEqual(await shown(), before.fingerprint);
    folder.write("a.pem", after.certPem);
    folder.write("a.key", after.keyPem);
    strictEqual(await shown(), before.fingerprint);
    await reload(postern, / reloaded /);
    strictEqual(await shown(), after.fingerprint);
    await client.write("GET / HTTP/1.1\r\nHost: a.example\r\n\r\n");
    await client.readUntil("\r\n\r\none");
  },
);

Deno.test("reload: many in a row, under connections that come and go, harm nothing", async () => {
  await using upstream = startEchoUpstream();
  const address = formatAddress(upstream.address);
  const route = (count: number) => passTo(`host${count}.example`, address);
  await using postern = await startWithRoutes([passTo("a.example", address), route(0)]);
  using lasting = await openEcho(postern.https[0], "a.example");
  for (let count = 1; count <= 10; count++) {
    postern.writeConfig(makeConfig([passTo("a.example", address), route(count)]));
    postern.process.kill("SIGHUP");
    using passing = await openEcho(postern.https[0], "a.example");
    await checkEcho(passing);
    await checkEcho(lasting, `turn ${count}`);
  }
  // Signals that come together count once, so only the last table is certain: it has a route more.
  postern.writeConfig(makeConfig([passTo("a.example", address), route(10), route(11)]));
  await reload(postern, / reloaded routes=3$/);
  using client = await openEcho(postern.https[0], "host10.example");
  await checkEcho(client);
  strictEqual(postern.log.some((line) => / (warn|error) /.test(line)), false);
});
