import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { ChallengesShown } from "../../lib/acme/challenges_shown.ts";
import { type Renewer, startRenewer } from "../../lib/acme/renewer.ts";
import { systemClock } from "../../lib/base/clock.ts";
import { Counters } from "../../lib/base/counters.ts";
import { createLog } from "../../lib/base/log.ts";
import { openFileStore } from "../../lib/state/file_store.ts";
import { type Certificate, pemBlocks } from "../../lib/tls/certificate.ts";
import { CertificateStore } from "../../lib/tls/certificate_store.ts";
import { withDeadline } from "../support/deadline.ts";
import { fastClock } from "../support/fast_clock.ts";
import { testWithPrograms } from "../support/installed.ts";
import {
  type Pebble,
  PEBBLE_PROGRAMS,
  type PebbleOptions,
  startPebble,
} from "../support/pebble.ts";
import { makeTempFolder } from "../support/temp_folder.ts";

const HOST = "app.example.org";

/** Port 80 of a test: answers what is shown, like the real one. */
function startPort80() {
  const challenges = new ChallengesShown();
  const asked: string[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    const url = new URL(request.url);
    const token = /^\/\.well-known\/acme-challenge\/([^/]+)$/.exec(url.pathname)?.[1];
    asked.push(url.hostname);
    const answer = token === undefined ? undefined : challenges.answer(url.hostname, token);
    return new Response(answer ?? "none", { status: answer === undefined ? 404 : 200 });
  });
  return { challenges, asked, port: server.addr.port, close: () => server.shutdown() };
}

/** The lines of a log. */
class Lines {
  readonly all: string[] = [];
  readonly #watchers = new Set<(line: string) => void>();

  add(line: string): void {
    this.all.push(line);
    for (const watch of this.#watchers) watch(line);
  }

  /** Waits for a line, earlier ones included. */
  async wait(pattern: RegExp): Promise<string> {
    const found = Promise.withResolvers<string>();
    const watch = (line: string) => pattern.test(line) && found.resolve(line);
    this.all.forEach(watch);
    this.#watchers.add(watch);
    return await withDeadline(found.promise, 60_000, () => `${pattern} in\n${this.all.join("\n")}`);
  }
}

/** What lives as long as one process would. */
interface Running extends AsyncDisposable {
  readonly certificates: CertificateStore;
  readonly renewer: Renewer;
  readonly lines: Lines;
  readonly counters: Counters;
  /** Waits until the certificate of a hostname is another than `before`. */
  next(hostname: string, before?: Certificate): Promise<Certificate>;
}

async function place(options: Omit<PebbleOptions, "httpPort"> = {}) {
  const port80 = startPort80();
  const pebble = await startPebble({ ...options, httpPort: port80.port });
  const folder = makeTempFolder();
  const run = (
    hostnames: readonly string[],
    clock = systemClock,
    { isTrusted }: { isTrusted: boolean } = { isTrusted: true },
  ) => {
    const { challenges } = port80;
    return startRunning({ pebble, folder: folder.path, challenges, hostnames, clock, isTrusted });
  };
  return {
    pebble,
    port80,
    folder,
    run,
    async [Symbol.asyncDispose]() {
      await pebble[Symbol.asyncDispose]();
      await port80.close();
      folder[Symbol.dispose]();
    },
  };
}

async function startRunning(given: {
  pebble: Pebble;
  folder: string;
  challenges: ChallengesShown;
  hostnames: readonly string[];
  clock: typeof systemClock;
  isTrusted: boolean;
}): Promise<Running> {
  const { pebble, challenges, hostnames, clock } = given;
  const lines = new Lines();
  const log = createLog({ write: (line) => lines.add(line) });
  const counters = new Counters();
  const store = await openFileStore(given.folder, { log, counters });
  const certificates = new CertificateStore({ store, clock, log });
  for (const hostname of hostnames) await certificates.ensure({ kind: "auto", hostname });
  const config = {
    email: "me@example.org",
    directory: pebble.directoryUrl,
    caFile: given.isTrusted ? pebble.caFile : undefined,
  };
  const wired = { config, store, certificates, challenges, clock, log, counters };
  const renewer = startRenewer({ ...wired, hostnames });
  return {
    certificates,
    renewer,
    lines,
    counters,
    async next(hostname, before) {
      const find = () => certificates.issued(hostname)?.certificate;
      const found = Promise.withResolvers<void>();
      const look = () => {
        const now = find();
        if (now !== undefined && now.serial !== before?.serial) found.resolve();
      };
      using _listening = certificates.onReplaced(look);
      look();
      await withDeadline(found.promise, 60_000, () => lines.all.join("\n"));
      return find()!;
    },
    async [Symbol.asyncDispose]() {
      await renewer.stop();
      certificates[Symbol.dispose]();
      store[Symbol.dispose]();
    },
  };
}

/** The root may sign through one intermediate, which the chain must then hold. */
async function checkChain(pebble: Pebble, certificate: Certificate): Promise<void> {
  const chain = pemBlocks(certificate.certPem, "CERTIFICATE").map((pem) =>
    new X509Certificate(pem)
  );
  const root = new X509Certificate(await pebble.readRoot());
  for (const [index, link] of chain.entries()) {
    const issuer = chain[index + 1] ?? root;
    assert.ok(link.checkIssued(issuer) && link.verify(issuer.publicKey), `link ${index}`);
  }
}

testWithPrograms(
  PEBBLE_PROGRAMS,
  "Pebble with half of all nonces refused: issues, serves, restarts without ordering",
  async () => {
    await using p = await place({ nonceRejectPercent: 50 });
    const hostnames = [HOST, "b.example.org", "c.example.org"];
    let first: Certificate;
    {
      await using running = await p.run(hostnames);
      assert.match(running.certificates.current(`auto/${HOST}`)!.issuer, /Postern internal CA/);
      for (const hostname of hostnames) {
        const certificate = await running.next(hostname);
        assert.deepEqual(certificate.names, [hostname]);
        await checkChain(p.pebble, certificate);
      }
      first = running.certificates.current(`auto/${HOST}`)!;
      await serveAndFetch(first, await p.pebble.readRoot());
      assert.equal(running.counters.get("acme_issued"), 3);
    }
    assert.deepEqual([...new Set(p.port80.asked)].sort(), hostnames);
    const files = `${p.folder.path}/certificates`;
    for (const { name } of Deno.readDirSync(files)) {
      assert.equal((Deno.statSync(`${files}/${name}`).mode! & 0o777).toString(8), "600");
    }

    await p.pebble.kill();
    await using again = await p.run(hostnames);
    assert.deepEqual(again.certificates.current(`auto/${HOST}`), first);
    assert.deepEqual(again.lines.all, []);
  },
);

testWithPrograms(
  PEBBLE_PROGRAMS,
  "Pebble renews short-lived certificates again and again in one process",
  async () => {
    await using p = await place({
      validitySeconds: 6,
      nonceRejectPercent: 20,
      authorizationReusePercent: 50,
    });
    await using running = await p.run([HOST]);
    let certificate = await running.next(HOST);
    for (let renewal = 0; renewal < 2; renewal++) {
      const renewed = await running.next(HOST, certificate);
      assert.ok(renewed.notBeforeAt > certificate.notBeforeAt);
      assert.ok(renewed.notBeforeAt <= certificate.notAfterAt, "renewed before the old one ended");
      assert.notEqual(renewed.keyPem, certificate.keyPem);
      certificate = renewed;
    }
    await checkChain(p.pebble, certificate);
    assert.equal(running.counters.get("acme_failures"), 0);
  },
);

testWithPrograms(
  PEBBLE_PROGRAMS,
  "Pebble that was started again has lost the account: it is registered anew",
  async () => {
    await using p = await place();
    {
      await using running = await p.run([HOST]);
      await running.next(HOST);
    }
    await p.pebble.restart();
    await using running = await p.run([HOST, "new.example.org"]);
    await checkChain(p.pebble, await running.next("new.example.org"));
    await running.lines.wait(/has forgotten the account/);
    assert.equal(running.counters.get("acme_failures"), 0);
  },
);

testWithPrograms(
  PEBBLE_PROGRAMS,
  "Pebble out of reach: the old certificate stays, and is renewed once Pebble is back",
  async () => {
    await using p = await place({ validitySeconds: 1_800 });
    // Half an hour takes 18 s, the first back-off of a minute 0.6 s.
    await using running = await p.run([HOST], fastClock(100));
    const first = await running.next(HOST);
    await p.pebble.kill();
    await running.lines.wait(/warn .*the old one stays in force.*hint=/);
    assert.equal(running.certificates.current(`auto/${HOST}`), first);
    await p.pebble.restart();
    await running.next(HOST, first);
  },
);

testWithPrograms(
  PEBBLE_PROGRAMS,
  "Pebble that cannot reach port 80: a hint for the user, no token in the log",
  async () => {
    await using p = await place();
    await p.port80.close();
    await using running = await p.run([HOST]);
    const line = await running.lines.wait(/error Cannot get a certificate/);
    assert.ok(line.includes(`could not reach http://${HOST}/.well-known/acme-challenge/`), line);
    assert.match(line, /connection: /);
    assert.doesNotMatch(line, /acme-challenge\/[\w-]{20}/);
    assert.match(running.certificates.current(`auto/${HOST}`)!.issuer, /Postern internal CA/);
  },
);

testWithPrograms(
  PEBBLE_PROGRAMS,
  "Pebble's directory without acme.ca: says that the CA is not trusted and what to do",
  async () => {
    await using p = await place();
    await using running = await p.run([HOST], fastClock(100), { isTrusted: false });
    const line = await running.lines.wait(/error Cannot get a certificate/);
    assert.match(line, /UnknownIssuer.*hint="for a private CA.*acme\.ca/);
  },
);

/** A client that trusts Pebble's root accepts the chain as it is. */
async function serveAndFetch({ certPem, keyPem, names }: Certificate, root: string): Promise<void> {
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, cert: certPem, key: keyPem, onListen() {} },
    () => new Response("served"),
  );
  using conn = await Deno.connect({ hostname: "127.0.0.1", port: server.addr.port });
  using tls = await Deno.startTls(conn, { hostname: names[0], caCerts: [root] });
  const request = `GET / HTTP/1.1\r\nhost: ${names[0]}\r\nconnection: close\r\n\r\n`;
  await tls.write(new TextEncoder().encode(request));
  const bytes = new Uint8Array(4_096);
  const length = await tls.read(bytes) ?? 0;
  assert.match(new TextDecoder().decode(bytes.subarray(0, length)), /^HTTP\/1\.1 200/);
}
