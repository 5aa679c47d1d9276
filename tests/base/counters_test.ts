import assert from "node:assert/strict";
import { type CounterName, COUNTERS, Counters } from "../../lib/base/counters.ts";

Deno.test("Counters: start at zero and add up", () => {
  const counters = new Counters();
  assert.equal(counters.get("requests"), 0);
  counters.add("requests");
  counters.add("requests", 41);
  assert.equal(counters.get("requests"), 42);
  assert.equal(counters.get("hop_unknown"), 0);
});

Deno.test("Counters.snapshot: holds what is not zero, in the order of COUNTERS", () => {
  const counters = new Counters();
  assert.deepEqual(counters.snapshot(), {});
  const names = Object.keys(COUNTERS) as CounterName[];
  for (const name of names.toReversed()) counters.add(name);
  counters.add("requests", 0);
  assert.deepEqual(Object.keys(counters.snapshot()), names);
  const snapshot = counters.snapshot();
  counters.add("requests");
  assert.equal(snapshot.requests, 1, "a snapshot stays as it was");
});

Deno.test("COUNTERS: says in words what each one counts", () => {
  for (const [name, meaning] of Object.entries(COUNTERS)) {
    assert.match(name, /^[a-z][a-z0-9_]+$/);
    assert.match(meaning, /^[\w].{10,}[^.]$/, name);
  }
});
