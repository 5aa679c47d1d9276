import assert from "node:assert/strict";
import { AcmeError } from "../../lib/acme/acme_error.ts";
import { backoffName } from "../../lib/acme/backoff.ts";
import { issuedCertificateName } from "../../lib/tls/issued_certificate.ts";
import { MemoryStore } from "../support/memory_store.ts";
import {
  DAY_MS,
  FAKE_DIRECTORY,
  HOUR_MS,
  makeRenewerPlace,
  MINUTE_MS,
  refuse,
} from "../support/renewer_place.ts";

const HOST = "app.example.org";

Deno.test("Renewal renews after two thirds of a life, again and again, naming the old one", async () => {
  await using p = makeRenewerPlace();
  await p.start(HOST);
  await p.days(200);
  assert.equal(p.authority.requests.length, 4);
  const days = p.authority.times.map((ms) => ms / DAY_MS);
  for (let index = 1; index < days.length; index++) {
    const gap = days[index] - days[index - 1];
    assert.ok(gap >= 57 && gap <= 60.1, `${gap} days`);
  }
  assert.deepEqual(
    p.authority.requests.map(({ replaces }) => replaces),
    [undefined, "id.1FFFFFF", "id.2FFFFFF", "id.3FFFFFF"],
  );
});

Deno.test("Renewal with a clock that is months ahead, or a CA that suggests the past, orders daily", async () => {
  for (const suggestsPast of [true, false]) {
    await using p = makeRenewerPlace();
    const make = p.authority.make.bind(p.authority);
    p.authority.make = (hostname) => {
      const issued = make(hostname);
      if (suggestsPast) return issued;
      const { notBeforeAt, notAfterAt, ...rest } = issued.certificate;
      const shifted = {
        notBeforeAt: notBeforeAt - 80 * DAY_MS,
        notAfterAt: notAfterAt - 80 * DAY_MS,
      };
      return { ...issued, certificate: { ...rest, ...shifted } };
    };
    const past = { startAt: 0, endAt: 1, pauseMs: HOUR_MS };
    p.authority.info = () => suggestsPast ? past : undefined;
    await p.start(HOST);
    await p.hours(100);
    assert.equal(p.authority.requests.length, 5);
  }
});

Deno.test("Renewal orders anew where another directory is configured, and keeps the old till then", async () => {
  await using p = makeRenewerPlace();
  await p.start();
  p.certificates.replaceIssued(HOST, {
    ...p.authority.make(HOST),
    directory: "https://staging.example/dir",
  });
  const old = p.certificates.current(`auto/${HOST}`);
  p.authority.before = refuse();
  p.renewer.update([HOST]);
  await p.clock.advance(0);
  assert.equal(p.certificates.current(`auto/${HOST}`), old);
  p.authority.before = () => Promise.resolve();
  await p.clock.advance(2 * MINUTE_MS);
  assert.equal(p.certificates.issued(HOST)!.directory, FAKE_DIRECTORY);
  assert.equal(p.authority.requests[0].replaces, undefined);
});

Deno.test("Renewal keeps the old certificate while renewal fails, and backs off", async () => {
  await using p = makeRenewerPlace();
  await p.start(HOST);
  const old = p.certificates.current(`auto/${HOST}`);
  p.authority.before = refuse();
  await p.days(60);
  await p.hours(5 * 24);
  assert.equal(p.certificates.current(`auto/${HOST}`), old);
  const perDay = p.authority.times.filter((at) => at > p.clock.now() - DAY_MS).length;
  assert.ok(perDay >= 3 && perDay <= 4, `${perDay} attempts in the last day`);
  p.authority.before = () => Promise.resolve();
  await p.hours(8);
  assert.notEqual(p.certificates.current(`auto/${HOST}`), old);
});

Deno.test("Renewal logs failures with a hint: error without a certificate, warn with a good one", async () => {
  await using p = makeRenewerPlace();
  p.authority.before = refuse();
  await p.start(HOST);
  const hint = `hint="the CA could not reach http://${HOST}/.well-known/acme-challenge/ on port 80`;
  assert.match(p.lines.at(-1)!, /error Cannot get a certificate hostname=app\.example\.org/);
  assert.ok(p.lines.at(-1)!.includes(hint), p.lines.at(-1));
  assert.match(p.lines.at(-1)!, /attempt=1 next=20\d\d-/);
  p.authority.before = () => Promise.resolve();
  await p.clock.advance(2 * MINUTE_MS);
  assert.match(p.lines.at(-1)!, /info {2}Certificate issued .*issuer=CN=Fake|"CN=Fake"/);
  p.authority.before = refuse();
  await p.days(60);
  assert.match(p.lines.at(-1)!, /warn {2}Cannot renew a certificate; the old one stays in force/);
  await p.days(25);
  assert.match(p.lines.at(-1)!, /error Cannot get a certificate/);
  assert.ok(p.counters.get("acme_failures") > 10);
});

Deno.test("Renewal that succeeds ends the back-off, for the next process as well", async () => {
  await using p = makeRenewerPlace();
  p.authority.before = refuse();
  await p.start(HOST);
  assert.ok(p.store.values.has(backoffName(HOST)));
  p.authority.before = () => Promise.resolve();
  await p.clock.advance(2 * MINUTE_MS);
  assert.ok(p.certificates.issued(HOST) !== undefined);
  assert.equal(p.store.values.has(backoffName(HOST)), false);
});

Deno.test("Renewal waits as long as the CA asks", async () => {
  await using p = makeRenewerPlace();
  p.authority.before = refuse(3 * HOUR_MS);
  await p.start(HOST);
  await p.clock.advance(3 * HOUR_MS - MINUTE_MS);
  assert.equal(p.authority.requests.length, 1);
  await p.clock.advance(2 * MINUTE_MS);
  assert.equal(p.authority.requests.length, 2);
});

Deno.test("Renewal started again after failures waits on", async () => {
  const store = new MemoryStore();
  {
    await using p = makeRenewerPlace(store);
    p.authority.before = refuse();
    await p.start(HOST);
    await p.clock.advance(2 * MINUTE_MS);
    assert.equal(p.authority.requests.length, 2);
  }
  await using p = makeRenewerPlace(store);
  await p.start(HOST);
  assert.equal(p.authority.requests.length, 0);
  await p.clock.advance(10 * MINUTE_MS);
  assert.equal(p.authority.requests.length, 1);
});

Deno.test("Renewal serves what it cannot save, says so, and saves it later without ordering again", async () => {
  await using p = makeRenewerPlace();
  const name = issuedCertificateName(HOST);
  p.store.failsToWrite = (one) => one === name;
  await p.start(HOST);
  assert.match(p.certificates.current(`auto/${HOST}`)!.certPem, /^certificate /);
  assert.match(p.lines.at(-1)!, /error Cannot save a certificate; .*hint=/);
  await p.clock.advance(2 * HOUR_MS);
  const complaints = p.lines.filter((line) => line.includes("Cannot save")).length;
  assert.ok(complaints >= 4 && complaints <= 8, `${complaints}`);
  p.store.failsToWrite = () => false;
  await p.clock.advance(2 * HOUR_MS);
  assert.match(p.lines.at(-1)!, /Certificate saved at last/);
  assert.ok(p.store.values.has(name));
  assert.equal(p.authority.requests.length, 1);
});

Deno.test("Renewal with a disk that is full from the start still gets certificates", async () => {
  await using p = makeRenewerPlace();
  p.store.failsToWrite = () => true;
  await p.start(HOST);
  assert.ok(p.certificates.issued(HOST) !== undefined);
});

Deno.test("Renewal with an unreadable state neither orders nor overwrites, and recovers", async () => {
  await using p = makeRenewerPlace();
  p.store.put(issuedCertificateName(HOST), "precious");
  p.store.failsToRead = () => true;
  p.renewer.update([HOST]);
  await p.clock.advance(5 * MINUTE_MS);
  assert.equal(p.authority.requests.length, 0);
  assert.match(p.lines[0], /error Cannot look after a certificate hostname=app/);
  assert.equal(p.lines.length, 6);
  assert.equal(p.store.text(issuedCertificateName(HOST)), "precious");
});

Deno.test("Renewal renews at a moment in the window that the CA suggests, and asks as it wishes", async () => {
  await using p = makeRenewerPlace();
  const startAt = p.clock.now() + 10 * DAY_MS;
  p.authority.info = () => ({ startAt, endAt: startAt + 2 * DAY_MS, pauseMs: 2 * HOUR_MS });
  await p.start(HOST);
  await p.clock.advance(2_000);
  // A moment that is chosen stands: chosen anew at each look, it would soon be an early one.
  p.random.value = 0;
  await p.hours(10 * 24 + 20);
  assert.equal(p.authority.requests.length, 1);
  assert.ok(Math.abs(p.authority.asked - 130) < 3, `asked ${p.authority.asked} times`);
  await p.hours(6);
  assert.equal(p.authority.requests.length, 2);
});

Deno.test("Renewal renews at once when the CA revokes: its window lies in the past", async () => {
  await using p = makeRenewerPlace();
  await p.start(HOST);
  await p.days(2);
  const { serial } = p.certificates.issued(HOST)!.certificate;
  const past = p.clock.now() - 2 * DAY_MS;
  p.authority.info = () =>
    p.certificates.issued(HOST)!.certificate.serial === serial
      ? { startAt: past, endAt: past + DAY_MS, pauseMs: HOUR_MS }
      : undefined;
  await p.hours(7);
  assert.equal(p.authority.requests.length, 2);
  assert.equal(p.authority.requests[1].replaces, `id.${serial}`);
});

Deno.test("Renewal goes by the certificate's life where the CA does not answer", async () => {
  await using p = makeRenewerPlace();
  p.authority.info = () => {
    throw new AcmeError("unreachable", { detail: "refused" });
  };
  await p.start(HOST);
  await p.days(61);
  assert.equal(p.authority.requests.length, 2);
  assert.ok(p.lines.some((line) => line.includes("warn  Cannot ask when to renew")));
});
