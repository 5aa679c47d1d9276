import assert from "node:assert/strict";
import { Counters } from "../../lib/base/counters.ts";
import { silentLog } from "../../lib/base/log.ts";
import { openFileStore } from "../../lib/state/file_store.ts";
import { StateError } from "../../lib/state/state_error.ts";
import type { Store } from "../../lib/state/store.ts";
import { MemoryStore } from "../support/memory_store.ts";
import { makeTempFolder } from "../support/temp_folder.ts";

const STORES: Record<string, (use: (store: Store) => Promise<void>) => Promise<void>> = {
  async FileStore(use) {
    using folder = makeTempFolder();
    using store = await openFileStore(`${folder.path}/state`, {
      log: silentLog,
      counters: new Counters(),
    });
    await use(store);
  },
  MemoryStore: (use) => use(new MemoryStore()),
};

const bytes = (text: string) => new TextEncoder().encode(text);

for (const [name, withStore] of Object.entries(STORES)) {
  const test = (criterion: string, run: (store: Store) => Promise<void>) =>
    Deno.test(`${name} ${criterion}`, () => withStore(run));

  test("reads what was written last", async (store) => {
    assert.equal(await store.read("a/b.txt"), undefined);
    await store.write("a/b.txt", bytes("one, and longer"));
    await store.write("a/b.txt", bytes("two"));
    assert.deepEqual(await store.read("a/b.txt"), bytes("two"));
    await store.write("empty", bytes(""));
    assert.deepEqual(await store.read("empty"), bytes(""));
  });

  test("removes, also what is not there", async (store) => {
    await store.write("a", bytes("x"));
    await store.remove("a");
    await store.remove("a");
    await store.remove("folder/that/is_missing");
    assert.equal(await store.read("a"), undefined);
  });

  test("lists names by prefix, sorted", async (store) => {
    for (const name of ["c/b.pem", "c/a.pem", "d/x", "c/deep/y", "top"]) {
      await store.write(name, bytes(""));
    }
    assert.deepEqual(await store.list("c/"), ["c/a.pem", "c/b.pem", "c/deep/y"]);
    assert.deepEqual(await store.list(""), ["c/a.pem", "c/b.pem", "c/deep/y", "d/x", "top"]);
    assert.deepEqual(await store.list("none"), []);
  });

  test("sets aside under a new name, content kept", async (store) => {
    for (const content of ["bad 1", "bad 2"]) {
      await store.write("c/a.pem", bytes(content));
      const aside = await store.setAside("c/a.pem", "a test");
      assert.match(aside, /^c\/a\.pem\.bad-/);
      assert.equal(await store.read("c/a.pem"), undefined);
      assert.deepEqual(await store.read(aside), bytes(content));
    }
    assert.equal((await store.list("c/")).length, 2);
    await assert.rejects(store.setAside("missing", "a test"), StateError);
  });

  for (
    const bad of ["", "/a", "a/", "a//b", "../a", "a/../b", "..", ".", ".hidden", "a/.b", "a\0b"]
      .concat(["a b", "a\\b", "*.example.org", "a/b/c/d", "é", "x".repeat(256), "-a"])
  ) {
    test(`refuses the name ${JSON.stringify(bad.slice(0, 20))}`, async (store) => {
      const refused = { name: "StateError", kind: "invalid_name" };
      await assert.rejects(store.read(bad), refused);
      await assert.rejects(store.write(bad, bytes("x")), refused);
      await assert.rejects(store.remove(bad), refused);
      await assert.rejects(store.setAside(bad, "a test"), refused);
    });
  }

  test("gives a lock to one at a time, in order, per name", async (store) => {
    const { signal } = new AbortController();
    const order: string[] = [];
    const first = await store.lock("a", signal);
    const others = ["second", "third"].map(async (who) => {
      using _lock = await store.lock("a", signal);
      order.push(`${who} in`);
      await Promise.resolve();
      order.push(`${who} out`);
    });
    using _unrelated = await store.lock("b", signal);
    order.push("first out");
    first[Symbol.dispose]();
    await Promise.all(others);
    assert.deepEqual(order, ["first out", "second in", "second out", "third in", "third out"]);
  });

  test("stops waiting for a lock when told to, without breaking the queue", async (store) => {
    const waiting = new AbortController();
    const first = await store.lock("a", new AbortController().signal);
    const second = store.lock("a", waiting.signal);
    let thirdHas = false;
    const third = store.lock("a", new AbortController().signal).then((lock) => {
      thirdHas = true;
      return lock;
    });
    waiting.abort(new Error("enough"));
    await assert.rejects(second, /enough/);
    await new Promise((resolve) => setTimeout(resolve, 0));
    assert.equal(thirdHas, false);
    first[Symbol.dispose]();
    (await third)[Symbol.dispose]();
  });
}
