import assert from "node:assert/strict";
import { Counters } from "../../lib/base/counters.ts";
import { Handshakes, type Handshaking } from "../../lib/http/handshakes.ts";
import type { LoopbackEnvironment } from "../../lib/http/loopback_server.ts";
import { FakeClock } from "../support/fake_clock.ts";

const LIMIT_MS = 300;

/** A connection in mid-handshake, which ends as a test says; closing it breaks it off, as the runtime does. */
class FakeHandshake implements Handshaking {
  readonly #ending = Promise.withResolvers<Deno.TlsHandshakeInfo>();
  closed = 0;

  handshake(): Promise<Deno.TlsHandshakeInfo> {
    return this.#ending.promise;
  }

  agree(alpnProtocol: string | null): void {
    this.#ending.resolve({ alpnProtocol });
  }

  fail(): void {
    this.#ending.reject(new Error("received corrupt message"));
  }

  close(): void {
    if (this.closed++ > 0) throw new Deno.errors.BadResource("closed before");
    this.#ending.reject(new Deno.errors.Interrupted("operation canceled"));
  }
}

function setUp() {
  const clock = new FakeClock();
  const counters = new Counters();
  const handshakes = new Handshakes({
    clock,
    environment: { counters } as LoopbackEnvironment,
    timeouts: { headerMs: LIMIT_MS, keepAliveMs: 0 },
  });
  const expectNothingLeft = () => {
    assert.equal(clock.pending, 0, "no timer is left");
    handshakes.close();
  };
  return { clock, counters, handshakes, expectNothingLeft };
}

const AGREED: readonly [alpnProtocol: string | null, protocol: "h2" | "http/1.1"][] = [
  ["h2", "h2"],
  ["http/1.1", "http/1.1"],
  [null, "http/1.1"],
];
for (const [alpnProtocol, protocol] of AGREED) {
  Deno.test(`Handshakes.finish: RFC 7301 §3.2, ${alpnProtocol} means ${protocol}`, async () => {
    const { handshakes, expectNothingLeft } = setUp();
    const connection = new FakeHandshake();
    const finishing = handshakes.finish(connection);
    connection.agree(alpnProtocol);
    assert.equal(await finishing, protocol);
    expectNothingLeft();
    assert.equal(connection.closed, 0, "it is its engine's from here on");
  });
}

Deno.test("Handshakes.finish: a client that breaks it off is closed, and counts nowhere", async () => {
  const { counters, handshakes, expectNothingLeft } = setUp();
  const connection = new FakeHandshake();
  const finishing = handshakes.finish(connection);
  connection.fail();
  assert.equal(await finishing, undefined);
  expectNothingLeft();
  assert.equal(connection.closed, 1);
  assert.deepEqual(counters.snapshot(), {});
});

Deno.test("Handshakes.finish: a client that takes too long is closed and counted", async () => {
  const { clock, counters, handshakes, expectNothingLeft } = setUp();
  const connection = new FakeHandshake();
  const finishing = handshakes.finish(connection);
  await clock.advance(LIMIT_MS - 1);
  assert.equal(connection.closed, 0);
  await clock.advance(1);
  assert.equal(await finishing, undefined);
  expectNothingLeft();
  assert.deepEqual(counters.snapshot(), { request_timeout: 1 });
});

Deno.test("Handshakes.close: closes those that are in the middle, and no others", async () => {
  const { counters, handshakes, expectNothingLeft } = setUp();
  const done = new FakeHandshake();
  const pending = [new FakeHandshake(), new FakeHandshake()];
  const finishing = [done, ...pending].map((connection) => handshakes.finish(connection));
  done.agree("h2");
  assert.equal(await finishing[0], "h2");
  handshakes.close();
  assert.deepEqual(await Promise.all(finishing), ["h2", undefined, undefined]);
  assert.equal(done.closed, 0);
  assert.ok(pending.every(({ closed }) => closed >= 1));
  assert.deepEqual(counters.snapshot(), {});
  expectNothingLeft();
});
