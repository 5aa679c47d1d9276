/**
 * Clients that are refused: in time, in size, in words they understand.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { CounterName } from "../../../lib/base/counters.ts";
import { HELLO_MAX_BYTES } from "../../../lib/base/limits.ts";
import type { ConnectionEnd } from "../../../lib/relay/relay_engine.ts";
import { type AlertDescription, ALERTS, encodeAlert } from "../../../lib/tls/alert.ts";
import { buildClientHello, splitIntoRecords } from "../../support/client_hello_builder.ts";
import { Fixture, hello, LATENESS_MS, LIMITS, type MakeEngine, until } from "./fixture.ts";
import { NAME, openPair } from "./open_pair.ts";
import { RESET } from "./peer.ts";

/** What a client sends and what becomes of it. */
interface Refusal {
  readonly name: string;
  readonly sends: Uint8Array<ArrayBuffer>;
  readonly alert: AlertDescription | undefined;
  readonly counter: CounterName;
  readonly reason: RegExp;
}

/** A handshake message that declares 16 MiB, in records as large as they may be. */
const ENDLESS = splitIntoRecords([1, 0xff, 0xff, 0xff, ...new Uint8Array(80_000)]);

const REFUSALS: readonly Refusal[] = [
  {
    name: "unknown_name: gets unrecognized_name",
    sends: hello("elsewhere.example"),
    alert: "unrecognized_name",
    counter: "server_name_unknown",
    reason: /server_name_unknown/,
  },
  {
    name: "rejected_name: gets unrecognized_name",
    sends: hello("rejected.example"),
    alert: "unrecognized_name",
    counter: "server_name_rejected",
    reason: /server_name_rejected/,
  },
  {
    name: "no_name: gets unrecognized_name where no route is for all names",
    sends: buildClientHello(),
    alert: "unrecognized_name",
    counter: "server_name_unknown",
    reason: /server_name_unknown/,
  },
  {
    name: "too_large: a hello of 65,537 bytes gets decode_error",
    sends: buildClientHello({
      serverName: NAME,
      padTo: HELLO_MAX_BYTES + 1 - 4 * 5,
      recordSplit: 16_384,
    }),
    alert: "decode_error",
    counter: "hello_too_large",
    reason: /too large/,
  },
  {
    name: "never_ending: a hello that declares 16 MiB gets decode_error",
    sends: ENDLESS.slice(0, 60_000),
    alert: "decode_error",
    counter: "hello_too_large",
    reason: /too large/,
  },
  {
    name: "malformed: an empty record gets unexpected_message",
    sends: Uint8Array.of(22, 3, 1, 0, 0),
    alert: "unexpected_message",
    counter: "hello_malformed",
    reason: /malformed ClientHello: .+/,
  },
  {
    name: "not_tls: an HTTP request gets no answer",
    sends: new TextEncoder().encode("GET / HTTP/1.1\r\n\r\n"),
    alert: undefined,
    counter: "hello_not_tls",
    reason: /not TLS/,
  },
];

/** Registers the tests. */
export function helloTests(name: string, makeEngine: MakeEngine): void {
  const routes = [{ hosts: [NAME] }, { hosts: ["rejected.example"], mode: "reject" as const }];

  for (const refusal of REFUSALS) {
    Deno.test(`${name} ${refusal.name}`, async () => {
      await using fixture = new Fixture(makeEngine, { routes });
      using client = await fixture.connect();
      await client.write(refusal.sends);
      const answer = await client.readToEnd();
      const alert = refusal.alert && encodeAlert(refusal.alert);
      if (alert === undefined) assert.ok(answer === RESET || answer.length === 0);
      else assert.deepEqual(answer, alert);
      client[Symbol.dispose]();
      const record = await fixture.recorded();
      assert.equal(record.end, "refused");
      assert.match(record.reason ?? "", refusal.reason);
      assert.equal(record.bytesDown, 0);
      assert.equal(record.routeIndex, undefined);
      assert.equal(fixture.counters.get(refusal.counter), 1);
    });
  }

  Deno.test(`${name} alert_arrives: even if the client goes on sending 60 KiB`, async () => {
    await using fixture = new Fixture(makeEngine, { routes });
    using client = await fixture.connect("elsewhere.example");
    await until(() => fixture.counters.get("server_name_unknown") === 1, () => "the refusal");
    for (let sent = 0; sent < 60; sent++) await client.write(new Uint8Array(1024));
    assert.deepEqual(await client.readToEnd(), encodeAlert("unrecognized_name"));
    assert.equal(ALERTS.unrecognized_name, 112);
  });

  Deno.test(`${name} alert_version: is one that the client knows`, async () => {
    await using fixture = new Fixture(makeEngine, { routes });
    using client = await fixture.connect();
    await client.write(buildClientHello({ serverName: "old.example", legacyVersion: 0x0301 }));
    assert.deepEqual(await client.readToEnd(), encodeAlert("unrecognized_name", 0x0301));
  });

  Deno.test(`${name} alert_linger: a refused client that stays is closed after 1 s`, async () => {
    await using fixture = new Fixture(makeEngine, { routes });
    using client = await fixture.connect("elsewhere.example");
    assert.deepEqual(await client.readToEnd(), encodeAlert("unrecognized_name"));
    assert.equal(fixture.engine.open, 1);
    await fixture.clock.advance(1_000 + LATENESS_MS);
    assert.equal((await fixture.recorded()).end, "refused");
  });

  Deno.test(`${name} silent_client: is closed when the time for its hello is over`, async () => {
    await using fixture = new Fixture(makeEngine, { routes });
    using client = await fixture.connect();
    await until(() => fixture.engine.open === 1, () => "the connection");
    await fixture.clock.advance(LIMITS.hello - 1);
    assert.equal(fixture.engine.open, 1, "closed before its time was over");
    await fixture.clock.advance(1 + LATENESS_MS);
    await client.readToEnd();
    await assertEnd(fixture, "refused", "hello_timeout");
  });

  Deno.test(`${name} dripping_client: gets no more time for its hello than others`, async () => {
    await using fixture = new Fixture(makeEngine, { routes });
    using client = await fixture.connect();
    await until(() => fixture.engine.open === 1, () => "the connection");
    for (let seconds = 0; fixture.engine.open > 0; seconds++) {
      assert.ok(seconds <= (LIMITS.hello + LATENESS_MS) / 1_000, "still open");
      // It may be closed at any moment now.
      await client.write(hello(NAME).subarray(seconds, seconds + 1)).catch(() => {});
      await fixture.clock.advance(1_000);
    }
    await assertEnd(fixture, "refused", "hello_timeout");
  });

  Deno.test(`${name} early_leaver: a client that ends within its hello is recorded`, async () => {
    await using fixture = new Fixture(makeEngine, { routes });
    using client = await fixture.connect();
    await client.write(hello(NAME).subarray(0, 50));
    await client.end();
    await client.readToEnd();
    const record = await assertEnd(fixture, "client_left", "hello_closed");
    assert.equal(record.bytesUp, 50);
  });

  Deno.test(`${name} idle: a joined pair is closed when no byte has moved for 10 min`, async () => {
    await using pair = await openPair(makeEngine);
    const { client, server, fixture } = pair;
    await fixture.clock.advance(LIMITS.idle - 1_000);
    await client.write(Uint8Array.of(7));
    await server.read(1);
    await fixture.clock.advance(LIMITS.idle - 1_000);
    await server.write(Uint8Array.of(8));
    assert.deepEqual(await client.read(1), Uint8Array.of(8), "closed although bytes had moved");
    await fixture.clock.advance(LIMITS.idle + LATENESS_MS);
    await Promise.all([client.readToEnd(), server.readToEnd()]);
    await assertEnd(fixture, "idle_timeout", "idle_timeout");
  });
}

async function assertEnd(fixture: Fixture, end: ConnectionEnd, counter: CounterName) {
  const record = await fixture.recorded();
  assert.equal(record.end, end);
  assert.equal(fixture.counters.get(counter), 1, counter);
  return record;
}
