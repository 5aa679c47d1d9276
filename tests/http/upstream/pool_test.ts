import assert from "node:assert/strict";
import { Pool, type PoolOptions } from "../../../lib/http/upstream/pool.ts";
import { UpstreamConnection } from "../../../lib/http/upstream/upstream_connection.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import {
  ScriptedConnection,
  type ScriptedConnectionOptions,
} from "../../support/scripted_connection.ts";

function makePool(options: Omit<PoolOptions, "clock"> = {}) {
  const clock = new FakeClock();
  const pool = new Pool({ clock, ...options });
  const connect = (script: ScriptedConnectionOptions = { then: "silence" }) => {
    const raw = new ScriptedConnection(script);
    return { raw, connection: new UpstreamConnection(raw, { clock, onClosed: () => {} }) };
  };
  return { clock, pool, connect };
}

Deno.test("Pool: gives back what was put under the same key, the latest first", () => {
  const { pool, connect } = makePool();
  const [a, b, c] = [connect().connection, connect().connection, connect().connection];
  pool.put("x", a);
  pool.put("x", b);
  pool.put("y", c);
  assert.equal(pool.size, 3);
  assert.equal(pool.take("z"), undefined);
  assert.equal(pool.take("x"), b);
  assert.equal(pool.take("x"), a);
  assert.equal(pool.take("x"), undefined);
  assert.equal(pool.take("y"), c);
  assert.equal(pool.size, 0);
  pool.close();
});

for (
  const [what, script] of [
    ["closes", { then: "end" }],
    ["resets", { then: "error" }],
    ["sends bytes on", { input: "HTTP/1.1 408 Request Timeout\r\n\r\n", then: "silence" }],
  ] as const
) {
  Deno.test(`Pool: a connection that the server ${what} while it is idle is closed`, async () => {
    const { clock, pool, connect } = makePool();
    const { raw, connection } = connect(script);
    pool.put("x", connection);
    await clock.advance(0);
    assert.equal(raw.isClosed, true);
    assert.equal(pool.size, 0);
    assert.equal(pool.take("x"), undefined);
    pool.close();
  });
}

Deno.test("Pool: a connection that was given away is not closed by what then arrives", async () => {
  const { clock, pool, connect } = makePool();
  const { raw, connection } = connect({ input: "HTTP/1.1 200 OK\r\n", then: "silence" });
  pool.put("x", connection);
  assert.equal(pool.take("x"), connection);
  await clock.advance(0);
  assert.equal(raw.isClosed, false);
  assert.equal(await connection.fill(), 17);
  assert.equal(connection.buffered.length, 17);
  pool.close();
});

Deno.test("Pool: each connection leaves after its own time", async () => {
  const { clock, pool, connect } = makePool({ idleTimeoutMs: 100 });
  const first = connect();
  const second = connect();
  pool.put("x", first.connection);
  await clock.advance(60);
  pool.put("y", second.connection);
  await clock.advance(39);
  assert.equal(first.raw.isClosed, false);
  await clock.advance(1);
  assert.equal(first.raw.isClosed, true);
  assert.equal(second.raw.isClosed, false);
  await clock.advance(60);
  assert.equal(second.raw.isClosed, true);
  assert.equal(pool.size, 0);
  assert.equal(clock.pending, 0);
});

Deno.test("Pool: too many for one key or in all, and the oldest leaves", () => {
  const { pool, connect } = makePool({ idleMax: 2, idleTotalMax: 3 });
  const all = ["x", "x", "x", "y", "z"].map((key) => {
    const { raw, connection } = connect();
    pool.put(key, connection);
    return raw;
  });
  assert.deepEqual(all.map((raw) => raw.isClosed), [true, true, false, false, false]);
  assert.equal(pool.size, 3);
  pool.close();
});

Deno.test("Pool: closing it closes what waits, and leaves no timer", () => {
  const { clock, pool, connect } = makePool();
  const { raw, connection } = connect();
  pool.put("x", connection);
  pool.close();
  assert.equal(raw.isClosed, true);
  assert.equal(clock.pending, 0);
});
