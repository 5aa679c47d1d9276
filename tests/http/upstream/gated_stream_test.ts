import assert from "node:assert/strict";
import type { Buffer } from "node:buffer";
import { once } from "node:events";
import { setImmediate } from "node:timers";
import { GatedStream } from "../../../lib/http/upstream/gated_stream.ts";
import { ScriptedConnection } from "../../support/scripted_connection.ts";

const nextTurn = () => new Promise<void>((resolve) => void setImmediate(resolve));

/** Reads as `node:tls` does: whatever comes, at once. */
function drink(stream: GatedStream): { text: string } {
  const seen = { text: "" };
  stream.on("data", (bytes: Buffer) => void (seen.text += bytes.toString("latin1")));
  return seen;
}

async function turns(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await nextTurn();
}

Deno.test("GatedStream: is open at first; once shut, at most one more piece comes through", async () => {
  const input = "0123456789".repeat(10);
  const stream = new GatedStream(new ScriptedConnection({ input, stepBytes: 10, then: "silence" }));
  const seen = drink(stream);
  while (seen.text.length < 20) await nextTurn();
  stream.shutGate();
  const shutAt = seen.text.length;
  await turns();
  assert.ok(seen.text.length <= shutAt + 10, seen.text);
  stream.openGate();
  while (seen.text.length < input.length) await nextTurn();
  assert.equal(seen.text, input);
  stream.destroy();
});

Deno.test("GatedStream: an end comes through, and leaves the other direction open", async () => {
  const connection = new ScriptedConnection({ input: "x" });
  const stream = new GatedStream(connection);
  drink(stream);
  await once(stream, "end");
  assert.equal(stream.failure, undefined);
  await new Promise<void>((resolve) => stream.write("after", () => resolve()));
  assert.equal(connection.written, "after");
  assert.equal(connection.isClosed, false);
  stream.destroy();
  assert.equal(connection.isClosed, true);
});

Deno.test("GatedStream: a failure is told, ends the stream and closes the connection", async () => {
  const connection = new ScriptedConnection({ input: "x", then: "error" });
  const stream = new GatedStream(connection);
  drink(stream);
  await new Promise<void>((resolve) => void stream.once("close", resolve));
  assert.ok(stream.failure instanceof Error);
  assert.equal(connection.isClosed, true);
});

Deno.test("GatedStream: what cannot be written is an error", async () => {
  const stream = new GatedStream(new ScriptedConnection({ writesTaken: 1, then: "silence" }));
  drink(stream);
  const write = (text: string) =>
    new Promise<unknown>((resolve) => stream.write(text, (error) => resolve(error ?? undefined)));
  assert.equal(await write("one"), undefined);
  assert.ok(await write("two") instanceof Error);
});
