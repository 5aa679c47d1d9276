import assert from "node:assert/strict";
import { BufferPool } from "../../../lib/http/http1/buffer_pool.ts";

Deno.test("BufferPool: lends what was given back, and one borrower has it", () => {
  const pool = new BufferPool(16, 2);
  const one = pool.take();
  const other = pool.take();
  assert.notEqual(one, other);
  assert.equal(one.length, 16);
  pool.give(one);
  assert.equal(pool.take(), one);
  assert.notEqual(pool.take(), one);
});

Deno.test("BufferPool: keeps no more than its limit", () => {
  const pool = new BufferPool(16, 2);
  for (let index = 0; index < 5; index++) pool.give(new Uint8Array(16));
  assert.equal(pool.idle, 2);
});
