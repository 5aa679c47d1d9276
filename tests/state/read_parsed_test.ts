import assert from "node:assert/strict";
import { type Parsed, readParsed } from "../../lib/state/read_parsed.ts";
import { StateError } from "../../lib/state/state_error.ts";
import { MemoryStore } from "../support/memory_store.ts";

const parse = (text: string): Parsed<string> =>
  text.startsWith("good")
    ? { kind: "value", value: text }
    : { kind: "problem", problem: "does not begin with good" };

Deno.test("readParsed returns what makes sense and undefined for what is missing", async () => {
  const store = new MemoryStore();
  assert.equal(await readParsed(store, "a", parse), undefined);
  store.put("a", "good day");
  assert.equal(await readParsed(store, "a", parse), "good day");
  assert.deepEqual(store.setAsideNames, []);
});

Deno.test("readParsed sets aside what makes no sense, is not UTF-8 or too large", async () => {
  const store = new MemoryStore();
  store.put("a", "bad day");
  assert.equal(await readParsed(store, "a", parse), undefined);
  store.values.set("a", Uint8Array.of(0xc0, 0x80));
  assert.equal(await readParsed(store, "a", parse), undefined);
  store.put("a", "x");
  store.read = () =>
    Promise.reject(new StateError("too_large", "too large", { path: "a", hint: "a test" }));
  assert.equal(await readParsed(store, "a", parse), undefined);
  assert.equal(store.setAsideNames.length, 3);
});

Deno.test("readParsed passes on that a value cannot be read, and leaves it", async () => {
  const store = new MemoryStore();
  store.put("a", "bad day");
  store.failsToRead = () => true;
  await assert.rejects(readParsed(store, "a", parse), { name: "StateError", kind: "denied" });
  assert.deepEqual(store.setAsideNames, []);
});
