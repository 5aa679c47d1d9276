import assert from "node:assert/strict";
import { Rotation } from "../../lib/upstream/rotation.ts";

Deno.test("Rotation.order: each server has its turn, and the others follow in order", () => {
  const rotation = new Rotation();
  const servers = ["a", "b", "c"];
  const orders = Array.from({ length: 4 }, () => rotation.order(servers).join(""));
  assert.deepEqual(orders, ["abc", "bca", "cab", "abc"]);
  assert.deepEqual(servers, ["a", "b", "c"], "the list itself stays as it is");
});

Deno.test("Rotation.order: lists take turns of their own", () => {
  const rotation = new Rotation();
  const one = ["a", "b"];
  const other = ["a", "b"];
  assert.deepEqual(rotation.order(one), ["a", "b"]);
  assert.deepEqual(rotation.order(other), ["a", "b"]);
  assert.deepEqual(rotation.order(one), ["b", "a"]);
});

Deno.test("Rotation.order: none and one are what they are", () => {
  const rotation = new Rotation();
  const none: string[] = [];
  const one = ["a"];
  for (let turn = 0; turn < 3; turn++) {
    assert.deepEqual(rotation.order(none), []);
    assert.deepEqual(rotation.order(one), ["a"]);
  }
});

Deno.test("Rotation.order: shares are equal after many turns", () => {
  const rotation = new Rotation();
  const servers = ["a", "b", "c", "d", "e"];
  const firsts = new Map<string, number>();
  for (let turn = 0; turn < 1_000; turn++) {
    const [first] = rotation.order(servers);
    firsts.set(first, (firsts.get(first) ?? 0) + 1);
  }
  assert.deepEqual([...firsts.values()], [200, 200, 200, 200, 200]);
});
