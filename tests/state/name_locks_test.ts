import assert from "node:assert/strict";
import { NameLocks } from "../../lib/state/name_locks.ts";

const { signal } = new AbortController();
const turn = () => new Promise<void>((resolve) => setTimeout(resolve, 0));

Deno.test("NameLocks remembers no name that nobody holds or awaits", async () => {
  const locks = new NameLocks();
  for (let count = 0; count < 100; count++) {
    using _lock = await locks.acquire(`name ${count}`, signal);
  }
  const held = await locks.acquire("a", signal);
  const waiting = locks.acquire("a", signal);
  await turn();
  assert.equal(locks.size, 1);
  held[Symbol.dispose]();
  (await waiting)[Symbol.dispose]();
  await turn();
  assert.equal(locks.size, 0);
});

Deno.test("NameLocks.acquire with an aborted signal takes nothing", async () => {
  const locks = new NameLocks();
  await assert.rejects(locks.acquire("a", AbortSignal.abort(new Error("enough"))), /enough/);
  assert.equal(locks.size, 0);
});

Deno.test("NameLocks: giving a lock back twice does not give away another's", async () => {
  const locks = new NameLocks();
  const first = await locks.acquire("a", signal);
  first[Symbol.dispose]();
  const second = await locks.acquire("a", signal);
  first[Symbol.dispose]();
  let thirdHas = false;
  const third = locks.acquire("a", signal).then((lock) => {
    thirdHas = true;
    return lock;
  });
  await turn();
  assert.equal(thirdHas, false);
  second[Symbol.dispose]();
  (await third)[Symbol.dispose]();
});
