import assert from "node:assert/strict";
import { TERMINATOR_RETIREMENT_MS } from "../../lib/base/limits.ts";
import type { LoopbackServer } from "../../lib/http/loopback_server.ts";
import { type TerminatorCertificate, Terminators } from "../../lib/http/terminators.ts";
import { FakeClock } from "../support/fake_clock.ts";

interface FakeServer extends LoopbackServer {
  readonly opened: string;
  isShutDown: boolean;
}

function setUp() {
  const clock = new FakeClock();
  const servers: FakeServer[] = [];
  const terminators = new Terminators(clock, (id, certificate) => {
    if (certificate.keyPem === "broken") throw new Error("key does not fit");
    const server: FakeServer = {
      port: 40_000 + servers.length,
      opened: `${id} ${certificate.certPem}`,
      isShutDown: false,
      shutdown() {
        this.isShutDown = true;
        return Promise.resolve();
      },
    };
    servers.push(server);
    return server;
  });
  return { clock, servers, terminators };
}

const certificate = (certPem: string): TerminatorCertificate => ({ certPem, keyPem: "key" });
const OLD = certificate("old");
const NEW = certificate("new");

Deno.test("Terminators.lease: opens on first use, one listener per certificate", () => {
  const { servers, terminators } = setUp();
  assert.equal(terminators.open, 0);
  const leases = [
    terminators.lease("a", OLD),
    terminators.lease("a", OLD),
    terminators.lease("b", OLD),
  ];
  assert.deepEqual(leases.map(({ port }) => port), [40_000, 40_000, 40_001]);
  assert.deepEqual(servers.map(({ opened }) => opened), ["a old", "b old"]);
});

Deno.test("Terminators.lease: stays open without leases", () => {
  const { servers, terminators } = setUp();
  terminators.lease("a", OLD).release();
  assert.equal(servers[0].isShutDown, false);
  assert.equal(terminators.lease("a", OLD).port, 40_000);
});

Deno.test("Terminators.lease: a renewed certificate opens another, the old one serves to its end", () => {
  const { servers, terminators, clock } = setUp();
  const first = terminators.lease("a", OLD);
  const second = terminators.lease("a", OLD);
  const renewed = terminators.lease("a", NEW);
  assert.notEqual(renewed.port, first.port);
  assert.equal(terminators.open, 2);
  first.release();
  assert.equal(servers[0].isShutDown, false, "one connection is left");
  second.release();
  assert.equal(servers[0].isShutDown, true);
  assert.equal(servers[1].isShutDown, false);
  assert.equal(terminators.open, 1);
  assert.equal(clock.pending, 0, "no timer is left behind");
});

Deno.test("Terminators.lease: an old one without connections is closed at once", () => {
  const { servers, terminators } = setUp();
  terminators.lease("a", OLD).release();
  terminators.lease("a", NEW);
  assert.equal(servers[0].isShutDown, true);
});

Deno.test("Terminators.lease: connections that do not end are asked to after an hour", async () => {
  const { servers, terminators, clock } = setUp();
  const lease = terminators.lease("a", OLD);
  terminators.lease("a", NEW);
  await clock.advance(TERMINATOR_RETIREMENT_MS - 1);
  assert.equal(servers[0].isShutDown, false);
  await clock.advance(1);
  assert.equal(servers[0].isShutDown, true);
  lease.release();
  assert.equal(terminators.open, 1);
});

Deno.test("Terminators.lease: a certificate that cannot be used leaves the old one in place", () => {
  const { servers, terminators } = setUp();
  terminators.lease("a", OLD).release();
  const broken = { certPem: "x", keyPem: "broken" };
  assert.throws(() => terminators.lease("a", broken), /does not fit/);
  assert.equal(terminators.lease("a", OLD).port, 40_000);
  assert.equal(servers[0].isShutDown, false);
});

Deno.test("Terminators.keepOnly: retires what is no longer wanted, connections go on", () => {
  const { servers, terminators } = setUp();
  const kept = terminators.lease("a", OLD);
  const removed = terminators.lease("b", OLD);
  terminators.lease("c", OLD).release();
  terminators.keepOnly(new Set(["a"]));
  assert.deepEqual(servers.map(({ isShutDown }) => isShutDown), [false, false, true]);
  removed.release();
  assert.deepEqual(servers.map(({ isShutDown }) => isShutDown), [false, true, true]);
  assert.equal(terminators.lease("a", OLD).port, kept.port);
  assert.notEqual(terminators.lease("b", OLD).port, removed.port);
});

Deno.test("Terminators.shutdown: closes all, retired ones too, and opens no more", async () => {
  const { servers, terminators, clock } = setUp();
  const lease = terminators.lease("a", OLD);
  terminators.lease("a", NEW);
  terminators.lease("b", OLD);
  await terminators.shutdown();
  assert.ok(servers.every(({ isShutDown }) => isShutDown));
  assert.equal(terminators.open, 0);
  assert.equal(clock.pending, 0);
  lease.release();
  assert.throws(() => terminators.lease("a", NEW), /shut down/);
});
