import assert from "node:assert/strict";
import { createLog } from "../../../lib/base/log.ts";
import { Counters } from "../../../lib/base/counters.ts";
import { Sampler } from "../../../lib/base/sampler.ts";
import { AddressBook } from "../../../lib/hop/address_book.ts";
import { ClientConnection } from "../../../lib/relay/portable/client_connection.ts";
import type { ConnectionRecord, RelayEnvironment } from "../../../lib/relay/relay_engine.ts";
import { Balancer } from "../../../lib/upstream/balancer.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { isClosed, openSocketPair } from "./pipes.ts";

const CLIENT = { ip: "192.0.2.7", port: 4_711 };

/** A connection with what it recorded and logged. */
async function makeConnection(record?: () => void) {
  const pair = await openSocketPair();
  const clock = new FakeClock();
  const records: ConnectionRecord[] = [];
  const lines: string[] = [];
  const unused = () => {
    throw new Error("not used here");
  };
  const environment: RelayEnvironment = {
    balancer: new Balancer(),
    book: new AddressBook(AddressBook.allocate(16)),
    clock,
    counters: new Counters(),
    log: createLog({ write: (line) => lines.push(line) }),
    sampler: new Sampler(clock),
    leaseTerminator: unused,
    leasePlainHttp: unused,
    record: record ?? ((each) => records.push(each)),
  };
  const connection = new ClientConnection(pair.inner, CLIENT, { environment, clock });
  return { pair, clock, records, lines, connection, environment };
}

Deno.test("ClientConnection: closes both sides, then records how the service ended", async () => {
  const { pair, clock, records, connection, environment } = await makeConnection();
  using upstream = await openSocketPair();
  using _pair = pair;
  await connection.serve(async (served) => {
    served.upstream = upstream.inner;
    served.known.serverName = "app.example";
    served.transfer.bytesUp = 5;
    await clock.advance(1_500);
    return "idle_timeout";
  });
  assert.ok(isClosed(pair.inner) && isClosed(upstream.inner));
  assert.deepEqual(records, [{
    client: CLIENT,
    serverName: "app.example",
    routeIndex: undefined,
    server: undefined,
    bytesUp: 5,
    bytesDown: 0,
    durationMs: 1_500,
    end: "idle_timeout",
    reason: undefined,
  }]);
  assert.equal(environment.counters.get("idle_timeout"), 1);
});

Deno.test("ClientConnection: a service that throws is recorded and logged, not passed on", async () => {
  const { pair, records, lines, connection } = await makeConnection();
  using _pair = pair;
  await connection.serve(() => Promise.reject(new Error("a defect")));
  assert.ok(isClosed(pair.inner));
  assert.equal(records.length, 1);
  assert.equal(records[0].reason, "a defect");
  assert.match(
    lines.join(),
    /error Cannot serve connection client=192.0.2.7:4711 error="a defect"/,
  );
});

Deno.test("ClientConnection: a record that cannot be written does not end the program", async () => {
  const { pair, lines, connection } = await makeConnection(() => {
    throw new Error("disk is full");
  });
  using _pair = pair;
  await connection.serve(() => Promise.resolve("closed"));
  assert.match(lines.join(), /error Cannot record connection .*disk is full/);
});

Deno.test("ClientConnection: cut aborts the signal, closes both sides and is what is recorded", async () => {
  const { pair, records, connection } = await makeConnection();
  using upstream = await openSocketPair();
  using _pair = pair;
  connection.upstream = upstream.inner;
  await connection.serve((served) => {
    served.cut();
    served.cut();
    assert.ok(served.signal.aborted && isClosed(pair.inner) && isClosed(upstream.inner));
    return Promise.resolve("client_reset");
  });
  assert.equal(records[0].end, "drained");
});
