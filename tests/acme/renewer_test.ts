import assert from "node:assert/strict";
import {
  encodeIssuedCertificate,
  type IssuedCertificate,
  issuedCertificateName,
} from "../../lib/tls/issued_certificate.ts";
import { makeCertificate } from "../support/certificates.ts";
import {
  DAY_MS,
  FAKE_DIRECTORY,
  makeRenewerPlace,
  MINUTE_MS,
  refuse,
} from "../support/renewer_place.ts";
import { MemoryStore } from "../support/memory_store.ts";

const HOST = "app.example.org";

Deno.test("Renewer gets what is missing at once, serves it and saves it", async () => {
  await using p = makeRenewerPlace();
  await p.start(HOST, "b.example");
  assert.deepEqual(p.authority.requests.map(({ hostname }) => hostname), [HOST, "b.example"]);
  assert.match(p.certificates.current(`auto/${HOST}`)!.certPem, /^certificate /);
  assert.ok(p.store.values.has(issuedCertificateName(HOST)));
  assert.equal(p.counters.get("acme_issued"), 2);
  await p.days(50);
  assert.equal(p.authority.requests.length, 2);
});

Deno.test("Renewer does not spin on certificates that are due when they are issued", async () => {
  await using p = makeRenewerPlace();
  p.authority.lifetimeMs = 0;
  await p.start(HOST);
  await p.clock.advance(10_000);
  assert.ok(p.authority.requests.length <= 11, `${p.authority.requests.length}`);
});

Deno.test("Renewer started again finds everything in the state and orders nothing", async () => {
  const { certPem, keyPem } = await makeCertificate({ names: [HOST] });
  const issued = { certificate: { certPem, keyPem }, directory: FAKE_DIRECTORY, renewalId: "a.b" };
  const store = new MemoryStore();
  const saved = encodeIssuedCertificate(issued as IssuedCertificate);
  store.values.set(issuedCertificateName(HOST), saved);
  await using p = makeRenewerPlace(store);
  p.renewer.update([HOST]);
  await p.days(1);
  assert.equal(p.certificates.current(`auto/${HOST}`)!.certPem, certPem);
  assert.equal(p.authority.requests.length, 0);
  assert.equal(store.writes, 0);
});

Deno.test("Renewer makes two orders at a time and gets to all hostnames", async () => {
  await using p = makeRenewerPlace();
  p.authority.before = async () => {
    await new Promise<void>((resolve) => p.clock.after(1_000, resolve));
  };
  const hostnames = Array.from({ length: 9 }, (_, index) => `h${index}.example`);
  await p.start(...hostnames);
  await p.clock.advance(20_000);
  assert.equal(p.authority.underWayMax, 2);
  assert.deepEqual(p.authority.requests.map(({ hostname }) => hostname).sort(), hostnames);
});

Deno.test("Renewer does not let one hostname's failure hold up the others", async () => {
  await using p = makeRenewerPlace();
  p.authority.before = ({ hostname }) =>
    hostname.startsWith("bad") ? refuse()() : Promise.resolve();
  await p.start("bad1.example", "bad2.example", "bad3.example", "good.example");
  assert.ok(p.certificates.issued("good.example") !== undefined);
});

Deno.test("Renewer.update adds and removes hostnames, and gives up orders of those removed", async () => {
  await using p = makeRenewerPlace();
  const waiting: AbortSignal[] = [];
  p.authority.before = ({ hostname, signal }) => {
    if (hostname !== "gone.example") return Promise.resolve();
    waiting.push(signal);
    return new Promise((_, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason));
    });
  };
  await p.start("gone.example", HOST);
  assert.equal(waiting[0].aborted, false);
  await p.certificates.ensure({ kind: "auto", hostname: "new.example" });
  p.renewer.update([HOST, "new.example"]);
  await p.clock.advance(1_000);
  assert.equal(waiting[0].aborted, true);
  assert.equal(p.authority.underWay, 0);
  assert.equal(p.authority.requests.filter(({ hostname }) => hostname === HOST).length, 1);
  assert.ok(p.certificates.issued("new.example") !== undefined);
  assert.equal(p.counters.get("acme_failures"), 0);
});

Deno.test("Renewer.stop gives up what is under way, waits for its end and leaves no timer", async () => {
  await using p = makeRenewerPlace();
  let hasEnded = false;
  p.authority.before = async ({ signal }) => {
    await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
    await Promise.resolve();
    hasEnded = true;
    throw signal.reason;
  };
  await p.start(HOST);
  await p.renewer.stop();
  assert.ok(hasEnded && p.authority.isDisposed);
  p.certificates[Symbol.dispose]();
  assert.equal(p.clock.pending, 0);
  p.renewer.update(["late.example"]);
  assert.equal(p.clock.pending, 0);
});

Deno.test("Renewer notices within minutes that the host's clock was set or the host slept", async () => {
  await using p = makeRenewerPlace();
  await p.start(HOST);
  await p.days(2);
  p.clock.jump(70 * DAY_MS);
  await p.clock.advance(10 * MINUTE_MS);
  assert.equal(p.authority.requests.length, 2);
});

Deno.test("Renewer survives a fault of its own and tries again a minute later", async () => {
  await using p = makeRenewerPlace();
  const ensure = p.certificates.ensure.bind(p.certificates);
  p.certificates.ensure = () => Promise.reject(new TypeError("a bug"));
  p.renewer.update([HOST]);
  await p.clock.advance(0);
  assert.match(p.lines.at(-1)!, /error Cannot look after a certificate .*error="a bug"/);
  await ensure({ kind: "auto", hostname: HOST });
  p.certificates.ensure = ensure;
  await p.clock.advance(MINUTE_MS);
  assert.equal(p.authority.requests.length, 1);
});
