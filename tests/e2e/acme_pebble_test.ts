import { deepStrictEqual, match, notStrictEqual, strictEqual } from "node:assert/strict";
import { formatAddress } from "../../lib/base/addresses.ts";
import { startBrokenUpstream } from "../support/broken_upstream.ts";
import { curl } from "../support/curl.ts";
import { findFreePort } from "../support/free_port.ts";
import { testWithPrograms } from "../support/installed.ts";
import {
  type Pebble,
  PEBBLE_PROGRAMS,
  type PebbleOptions,
  startPebble,
} from "../support/pebble.ts";
import type { Postern } from "../support/postern.ts";
import { openTls } from "../support/raw_client.ts";
import { passTo, startWithRoutes, type YamlMapping } from "../support/routes.ts";
import { shownCertificate } from "../support/shown_certificate.ts";
import { makeTempFolder } from "../support/temp_folder.ts";

const PROGRAMS = [...PEBBLE_PROGRAMS, "curl", "openssl"];

/** Enough for an order of which half the nonces are refused, on a busy machine. */
const ISSUE_TIMEOUT_MS = 40_000;

/** An authority, and a state folder that outlives the processes that use it. */
interface Place extends AsyncDisposable {
  readonly pebble: Pebble;
  readonly stateFolder: string;
  /** PEM file with the root that Pebble issues from now. */
  writeRoot(): Promise<string>;
  /** Starts Postern with hosts whose certificates Pebble is to issue. */
  start(hosts: readonly string[], more?: readonly YamlMapping[]): Promise<Postern>;
}

async function openPlace(options: Omit<PebbleOptions, "httpPort"> = {}): Promise<Place> {
  const folder = makeTempFolder();
  const httpPort = findFreePort();
  const pebble = await startPebble({ ...options, httpPort });
  const acme = { directory: pebble.directoryUrl, ca: pebble.caFile, email: "me@example.org" };
  const top = { acme, listen: { http: `127.0.0.1:${httpPort}` } };
  const stateFolder = `${folder.path}/state`;
  return {
    pebble,
    stateFolder,
    writeRoot: async () => folder.write("root.pem", await pebble.readRoot()),
    start: (hosts, more = []) =>
      startWithRoutes([...hosts.map(offloadWithAcme), ...more], { top, stateFolder }),
    async [Symbol.asyncDispose]() {
      await pebble[Symbol.asyncDispose]();
      folder[Symbol.dispose]();
    },
  };
}

function offloadWithAcme(host: string): YamlMapping {
  return { hosts: [host], mode: "offload", upstream: "sample" };
}

async function waitForIssued(postern: Postern, ...hosts: string[]): Promise<void> {
  for (const host of hosts) {
    await postern.waitForLog(
      new RegExp(` acme: Certificate issued hostname=${host} `),
      ISSUE_TIMEOUT_MS,
    );
  }
}

async function shownSerial(postern: Postern, host: string): Promise<string> {
  return (await shownCertificate(postern.https[0], host)).serialNumber;
}

function ordersOf(pebble: Pebble): number {
  return pebble.lines.filter((line) => /POST \/order-plz -> calling handler/.test(line)).length;
}

/** A text that is not to be found: no error says it whole. */
function checkAbsent(lines: readonly string[], secret: string): void {
  const line = lines.find((line) => line.includes(secret));
  strictEqual(line?.replaceAll(secret, "<secret>"), undefined);
}

function* filesBelow(folder: string): Generator<string> {
  for (const entry of Deno.readDirSync(folder)) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) yield* filesBelow(path);
    else yield path;
  }
}

testWithPrograms(
  PROGRAMS,
  "ACME: several hosts get certificates that clients accept, with half of all nonces refused",
  async () => {
    await using place = await openPlace({ nonceRejectPercent: 50 });
    const hosts = ["a.example", "b.example", "c.example"];
    await using postern = await place.start(hosts);
    await waitForIssued(postern, ...hosts);
    const caFile = await place.writeRoot();
    for (const host of hosts) {
      const { status, body, error } = await curl(`https://${host}/?code=sesame-open`, {
        to: postern.https[0],
        caFile,
      });
      deepStrictEqual({ status, error }, { status: 200, error: "" });
      match(body, /^Postern sample upstream/);
    }
    const { lines } = place.pebble;
    strictEqual(lines.some((line) => /reject 50% of good nonces/.test(line)), true);
    strictEqual(await postern.stop(), 0);
    checkSecrets(postern);
    const tokens = lines.flatMap((line) => /acme-challenge\/(\S+)/.exec(line)?.[1] ?? []);
    strictEqual(new Set(tokens).size, hosts.length);
    tokens.forEach((token) => checkAbsent(postern.log, token));
  },
);

/** Keys, tokens and query strings stay out of a log at level debug, and keys in files of mode 600. */
function checkSecrets(postern: Postern): void {
  const { log, stateFolder } = postern;
  for (const path of filesBelow(stateFolder)) {
    strictEqual(Deno.statSync(path).mode! & 0o7777, 0o600, path);
    for (const line of Deno.readTextFileSync(path).split("\n")) {
      // Lines of PEM, and values of a JWK.
      const secret = /^(?=.*\d)[\w+/=]{20,}$/.exec(line) ?? /"([\w-]{40,})"/.exec(line);
      if (secret !== null) checkAbsent(log, secret[1] ?? secret[0]);
    }
  }
  checkAbsent(log, "sesame");
  checkAbsent(log, "PRIVATE KEY");
  // Tokens and key thumbprints have 43 characters.
  deepStrictEqual(log.filter((line) => /(?<![\w./-])[\w-]{43}(?![\w-])/.test(line)), []);
}

testWithPrograms(
  PROGRAMS,
  "ACME: handshakes never wait: the internal CA's certificate is shown until one is issued",
  async () => {
    using folder = makeTempFolder();
    // An authority that takes connections and says nothing.
    await using silent = startBrokenUpstream((peer) => peer.untilGone());
    await using postern = await startWithRoutes([offloadWithAcme("a.example")], {
      top: { acme: { directory: `https://${formatAddress(silent.address)}/dir` } },
      stateFolder: `${folder.path}/state`,
    });
    await postern.waitForLog(/ acme: Ordering a certificate hostname=a\.example /);
    const startedMs = performance.now();
    const { issuer } = await shownCertificate(postern.https[0], "a.example");
    const tookMs = performance.now() - startedMs;
    match(issuer, /^CN=Postern internal CA /);
    strictEqual(tookMs < 5_000, true, `${tookMs} ms`);
    const caFile = `${postern.stateFolder}/internal-ca/cert.pem`;
    const { status } = await curl("https://a.example/", { to: postern.https[0], caFile });
    strictEqual(status, 200);
    // The order under way is given up.
    strictEqual(await postern.stop(10_000), 0);
  },
);

testWithPrograms(
  PROGRAMS,
  "ACME: a restart orders nothing and shows the same certificates",
  async () => {
    await using place = await openPlace();
    const hosts = ["a.example", "b.example"];
    const serials = async (postern: Postern) =>
      await Promise.all(hosts.map((host) => shownSerial(postern, host)));
    let before: string[];
    {
      await using postern = await place.start(hosts);
      await waitForIssued(postern, ...hosts);
      before = await serials(postern);
      strictEqual(await postern.stop(), 0);
    }
    const orders = ordersOf(place.pebble);
    strictEqual(orders, hosts.length);
    await using postern = await place.start(hosts);
    // No wait for an issuance: they are there with the first handshake.
    deepStrictEqual(await serials(postern), before);
    strictEqual(await postern.stop(), 0);
    strictEqual(postern.log.some((line) => line.includes("Ordering")), false);
    strictEqual(ordersOf(place.pebble), orders);
  },
);

testWithPrograms(
  PROGRAMS,
  "ACME: a renewal shows a new certificate and leaves open connections alone; a Pebble that has " +
    "forgotten the account gets a new one",
  async () => {
    await using place = await openPlace({ validitySeconds: 15 });
    await using postern = await place.start(["a.example"]);
    await waitForIssued(postern, "a.example");
    const caPem = await place.pebble.readRoot();
    const before = await shownSerial(postern, "a.example");
    using client = await openTls(postern.https[0], { serverName: "a.example", caPem });
    const request = "GET / HTTP/1.1\r\nHost: a.example\r\n\r\n";
    await client.write(request);
    await client.readUntil("x-forwarded-proto");
    await place.pebble.restart();
    await waitForLines(postern, / acme: Certificate issued hostname=a\.example /, 2);
    await waitForLines(postern, / acme: Registered with the certificate authority /, 2);
    notStrictEqual(await shownSerial(postern, "a.example"), before);
    await client.write(request);
    await client.readUntil("x-forwarded-proto");
    const caFile = await place.writeRoot();
    const { status } = await curl("https://a.example/", { to: postern.https[0], caFile });
    strictEqual(status, 200);
    const troubles = postern.log.filter((line) => / (?:warn|error) /.test(line));
    strictEqual(troubles.length, 1, troubles.join("\n"));
    match(troubles[0], / warn {2}acme: The certificate authority has forgotten the account /);
  },
);

/** Waits until so many lines match. */
async function waitForLines(postern: Postern, pattern: RegExp, count: number): Promise<string[]> {
  const endsAt = performance.now() + ISSUE_TIMEOUT_MS;
  for (;;) {
    const found = postern.log.filter((line) => pattern.test(line));
    if (found.length >= count) return found;
    if (performance.now() > endsAt) throw new Error(`${pattern} in ${postern.process.describe()}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

testWithPrograms(
  PROGRAMS,
  "ACME: with the authority down the old certificate stays, and the back-off outlives a restart",
  async () => {
    await using place = await openPlace({ validitySeconds: 12 });
    let before: string;
    {
      await using postern = await place.start(["a.example"]);
      await waitForIssued(postern, "a.example");
      before = await shownSerial(postern, "a.example");
      await place.pebble.kill();
      const [line] = await postern.waitForLog(
        / (?:warn|error) .*acme: Cannot (?:renew|get) a certificate.*/,
        ISSUE_TIMEOUT_MS,
      );
      match(line, / hostname=a\.example error="[^"]+.*" hint="see whether this host can reach /);
      match(line, / attempt=1 next=\d{4}-/);
      strictEqual(await shownSerial(postern, "a.example"), before);
      strictEqual(await postern.stop(), 0);
    }
    await place.pebble.restart();
    await using postern = await place.start(["a.example"]);
    strictEqual(await shownSerial(postern, "a.example"), before);
    strictEqual(await postern.stop(), 0);
    strictEqual(postern.log.some((line) => line.includes("Ordering")), false);
    strictEqual(ordersOf(place.pebble), 0);
  },
);

testWithPrograms(
  PROGRAMS,
  "ACME: a host that is refused does not keep others waiting",
  async () => {
    await using place = await openPlace({ blockedNames: ["blocked.example"] });
    await using postern = await place.start(["blocked.example", "a.example", "b.example"]);
    await waitForIssued(postern, "a.example", "b.example");
    const [line] = await postern.waitForLog(/ error acme: Cannot get a certificate .*/);
    match(line, / hostname=blocked\.example error="rejectedIdentifier: /);
    match(line, / hint="this CA does not issue for the name; .*" attempt=1 next=/);
    const { issuer } = await shownCertificate(postern.https[0], "blocked.example");
    match(issuer, /^CN=Postern internal CA /);
    match((await shownCertificate(postern.https[0], "a.example")).issuer, /Pebble/);
  },
);

/** A file of the state that was damaged between two runs, and what is ordered because of it. */
const DAMAGES: readonly [name: string, damage: (folder: string) => string, ordered: string[]][] = [
  ["a certificate cut short", cutShort("certificates/a.example.pem"), ["a.example"]],
  ["an empty certificate", replaceWith("certificates/a.example.pem", ""), ["a.example"]],
  ["a certificate with the key of another", swapKeys, ["a.example"]],
  ["an account that is no JSON", damageAccount, ["b.example"]],
];

for (const [name, damage, ordered] of DAMAGES) {
  testWithPrograms(PROGRAMS, `ACME: ${name} is set aside, named, and ordered anew`, async () => {
    await using place = await openPlace();
    let before: string;
    {
      await using postern = await place.start(["a.example"]);
      await waitForIssued(postern, "a.example");
      before = await shownSerial(postern, "a.example");
      strictEqual(await postern.stop(), 0);
    }
    const file = damage(place.stateFolder);
    const content = Deno.readFileSync(file);
    // The second host needs the account, whatever the first one needs.
    await using postern = await place.start(["a.example", "b.example"]);
    await waitForIssued(postern, ...new Set([...ordered, "b.example"]));
    const [line, aside] = await postern.waitForLog(
      new RegExp(`^.* warn .*set aside file=${file} reason=.* now=(${file}\\.bad-\\d{8}T\\d{6}Z)$`),
    );
    deepStrictEqual(Deno.readFileSync(aside), content, line);
    strictEqual(Deno.statSync(aside).mode! & 0o7777, 0o600);
    const isOrdered = ordered.includes("a.example");
    strictEqual(await shownSerial(postern, "a.example") === before, !isOrdered);
    match((await shownCertificate(postern.https[0], "a.example")).issuer, /Pebble/);
  });
}

function cutShort(name: string) {
  return (folder: string) => {
    const file = `${folder}/${name}`;
    Deno.truncateSync(file, Deno.statSync(file).size / 2);
    return file;
  };
}

function replaceWith(name: string, text: string) {
  return (folder: string) => {
    Deno.writeTextFileSync(`${folder}/${name}`, text);
    return `${folder}/${name}`;
  };
}

function swapKeys(folder: string): string {
  const file = `${folder}/certificates/a.example.pem`;
  const key = Deno.readTextFileSync(`${folder}/internal-ca/key.pem`);
  const text = Deno.readTextFileSync(file);
  Deno.writeTextFileSync(file, text.replace(/-----BEGIN PRIVATE KEY[^]*/, key));
  return file;
}

function damageAccount(folder: string): string {
  const [file] = filesBelow(`${folder}/accounts`);
  Deno.writeTextFileSync(file, "{");
  return file;
}

testWithPrograms(
  ["curl"],
  "ACME: challenges of a passthrough host go to its upstream, those of others nowhere",
  async () => {
    const asked: string[] = [];
    await using upstream = startBrokenUpstream(async (peer) => {
      asked.push((await peer.readHead()).split("\r\n")[0]);
      await peer.write("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nproved");
    });
    const own = formatAddress(upstream.address);
    const http = { http_upstream: `http://${own}` };
    await using postern = await startWithRoutes([
      passTo("forward.example", own, { http: "forward", ...http }),
      passTo("redirect.example", own, { http: "redirect", ...http }),
      { ...offloadWithAcme("offload.example"), tls: { certificate: "internal" } },
    ]);
    const path = "/.well-known/acme-challenge/token-1";
    const get = (host: string) => curl(`http://${host}${path}`, { to: postern.http[0] });
    strictEqual((await get("forward.example")).body, "proved");
    strictEqual((await get("redirect.example")).body, "proved");
    deepStrictEqual(asked, [`GET ${path} HTTP/1.1`, `GET ${path} HTTP/1.1`]);
    strictEqual((await get("offload.example")).status, 404);
    strictEqual((await get("unknown.example")).status, 404);
    strictEqual(asked.length, 2);
  },
);
