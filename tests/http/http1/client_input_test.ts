import assert from "node:assert/strict";
import { CLIENT_WATCH_MAX_BYTES } from "../../../lib/base/limits.ts";
import { ClientInput } from "../../../lib/http/http1/client_input.ts";
import { decodeLatin1 } from "../../../lib/http/http1/latin1.ts";
import { MemoryConnection } from "../../support/memory_connection.ts";

function open() {
  const connection = new MemoryConnection();
  const state = { ends: 0 };
  const input = new ClientInput(connection, () => state.ends++);
  return { connection, input, state };
}

/** Lets everything run that can. */
function settle(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

Deno.test("ClientInput: a watch notices the end, whether it comes as an end or a reset", async () => {
  for (const leave of ["end", "reset", "close"] as const) {
    const { connection, input, state } = open();
    input.watch();
    await settle();
    assert.deepEqual([state.ends, input.isEnded], [0, false]);
    connection[leave]();
    await settle();
    assert.deepEqual([state.ends, input.isEnded], [1, true], leave);
    assert.equal(await input.fill(), null);
    assert.equal(await input.readInto(new Uint8Array(8)), null);
    assert.equal(state.ends, 1, "told once");
  }
});

Deno.test("ClientInput: a client that leaves behind pipelined requests is noticed, too", async () => {
  for (const leave of ["end", "reset"] as const) {
    const { connection, input, state } = open();
    input.watch();
    for (let index = 0; index < 10; index++) connection.send("x".repeat(6_000));
    connection[leave]();
    await settle();
    assert.deepEqual([state.ends, input.isEnded], [1, true], leave);
  }
});

Deno.test("ClientInput: what comes during a watch is kept, up to a limit", async () => {
  const { connection, input } = open();
  input.watch();
  for (let index = 0; index < 24; index++) connection.send("x".repeat(CLIENT_WATCH_MAX_BYTES / 16));
  await settle();
  assert.equal(input.bufferedBytes, CLIENT_WATCH_MAX_BYTES);
  const { reads } = connection;
  await settle();
  assert.equal(connection.reads, reads, "and then it is not read from");
});

Deno.test("ClientInput: a read takes what a watch has begun, in order, and later reads go straight", async () => {
  const { connection, input } = open();
  input.watch();
  const target = new Uint8Array(4);
  const reading = input.readInto(target);
  connection.send("abcdef");
  assert.equal(await reading, 4);
  assert.equal(decodeLatin1(target), "abcd");
  assert.equal(await input.readInto(target), 2);
  input.unwatch();
  connection.send("gh");
  await settle();
  assert.equal(await input.readInto(target), 2);
  assert.equal(decodeLatin1(target.subarray(0, 2)), "gh");
});

Deno.test("ClientInput: bytes may be taken while a read is pending", async () => {
  const { connection, input } = open();
  connection.send("one");
  await input.fill();
  input.watch();
  input.take(3);
  connection.send("two");
  await settle();
  assert.equal(decodeLatin1(input.buffered), "two");
});

Deno.test("ClientInput: a fill and a watch share one read", async () => {
  const { connection, input } = open();
  input.watch();
  const filling = input.fill();
  await settle();
  assert.equal(connection.reads, 1);
  connection.send("a");
  assert.equal(await filling, 1);
});

Deno.test("ClientInput: release hands over what is there at once, and what the pending read will bring", async () => {
  const { connection, input } = open();
  connection.send("ab");
  await input.fill();
  input.watch();
  const [there, coming] = input.release();
  assert.equal(decodeLatin1(there as Uint8Array), "ab");
  connection.send("cd");
  assert.equal(decodeLatin1(await coming), "cd");
  await settle();
  assert.equal(connection.reads, 2, "nothing more is read");
  connection.end();
  assert.equal(await connection.read(new Uint8Array(1)), null);
});

Deno.test("ClientInput: release without a pending read has nothing to wait for", () => {
  const { input } = open();
  assert.deepEqual(input.release(), [new Uint8Array(0)]);
});
