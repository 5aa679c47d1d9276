import assert from "node:assert/strict";
import { WorkGate } from "../../lib/upstream/work_gate.ts";

/** Works that end when they are told to. */
function makeWorks(count: number) {
  const running = new Set<number>();
  const ends = Array.from({ length: count }, () => Promise.withResolvers<void>());
  const works = ends.map(({ promise }, index) => async () => {
    running.add(index);
    try {
      await promise;
      return index;
    } finally {
      running.delete(index);
    }
  });
  return { running, ends, works };
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
}

Deno.test("WorkGate: lets so many in, the others in their order as places come free", async () => {
  const gate = new WorkGate(2);
  const { running, ends, works } = makeWorks(4);
  const results = works.map((work) => gate.run(work));
  await settle();
  assert.deepEqual([...running], [0, 1]);
  ends[1].resolve();
  await settle();
  assert.deepEqual([...running], [0, 2]);
  ends[0].resolve();
  ends[2].resolve();
  ends[3].resolve();
  assert.deepEqual(await Promise.all(results), [0, 1, 2, 3]);
});

Deno.test("WorkGate: a work that throws gives its place back", async () => {
  const gate = new WorkGate(1);
  await assert.rejects(gate.run(() => Promise.reject(new Error("broken"))), /broken/);
  const { ends, works } = makeWorks(2);
  const results = works.map((work) => gate.run(work));
  ends[0].reject(new Error("broken, too"));
  ends[1].resolve();
  await assert.rejects(results[0], /broken, too/);
  assert.equal(await results[1], 1);
});
