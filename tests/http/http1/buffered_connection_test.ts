import assert from "node:assert/strict";
import { BufferedConnection } from "../../../lib/http/http1/buffered_connection.ts";
import { latin1, ScriptedConnection } from "../../support/scripted_connection.ts";

const text = (bytes: Uint8Array) => String.fromCharCode(...bytes);

Deno.test("BufferedConnection: what is not taken stays, in the order it came", async () => {
  const io = new BufferedConnection(
    new ScriptedConnection({ input: "abcdefgh", stepBytes: 3 }),
    16,
  );
  assert.equal(await io.fill(), 3);
  assert.equal(await io.fill(), 3);
  assert.equal(text(io.buffered), "abcdef");
  io.take(4);
  assert.equal(io.bufferedBytes, 2);
  assert.equal(await io.fill(), 2);
  assert.equal(text(io.buffered), "efgh");
  io.take(4);
  assert.equal(await io.fill(), null);
});

Deno.test("BufferedConnection: a full buffer is moved together first, and grows only then", async () => {
  const input = "0123456789".repeat(10);
  const io = new BufferedConnection(new ScriptedConnection({ input }), 8);
  for (let filled = 0; filled < input.length; filled += (await io.fill())!);
  assert.equal(text(io.buffered), input);
  const moving = new BufferedConnection(new ScriptedConnection({ input }), 8);
  let taken = "";
  for (let count = await moving.fill(); count !== null; count = await moving.fill()) {
    taken += text(moving.buffered.subarray(0, 3));
    moving.take(Math.min(3, moving.bufferedBytes));
  }
  assert.equal(taken + text(moving.buffered), input);
});

Deno.test("BufferedConnection: readInto gives what is buffered before it reads", async () => {
  const io = new BufferedConnection(new ScriptedConnection({ input: "abcdef", stepBytes: 4 }), 16);
  await io.fill();
  const target = new Uint8Array(3);
  assert.equal(await io.readInto(target), 3);
  assert.equal(text(target), "abc");
  assert.equal(await io.readInto(target), 1);
  assert.equal(text(target.subarray(0, 1)), "d");
  assert.equal(await io.readInto(target), 2);
  assert.equal(await io.readInto(target), null);
});

Deno.test("BufferedConnection: a read that was begun is counted in when it is finished", async () => {
  const io = new BufferedConnection(new ScriptedConnection({ input: "abc" }), 16);
  const begun = io.beginRead();
  assert.equal(io.bufferedBytes, 0);
  io.finishRead(await begun);
  assert.equal(text(io.buffered), "abc");
  io.finishRead(await io.beginRead());
  assert.equal(text(io.buffered), "abc", "the end adds nothing");
});

Deno.test("BufferedConnection: writes all, in as many steps as the connection takes", async () => {
  const connection = new ScriptedConnection();
  const written: number[] = [];
  const stepping = Object.assign(Object.create(connection), {
    write: (bytes: Uint8Array) => {
      written.push(bytes.length);
      return Promise.resolve(Math.min(4, bytes.length));
    },
  });
  await new BufferedConnection(stepping, 8).write(latin1("0123456789"));
  assert.deepEqual(written, [10, 6, 2]);
});
