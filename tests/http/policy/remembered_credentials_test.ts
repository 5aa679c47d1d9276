import assert from "node:assert/strict";
import { CREDENTIALS_REMEMBERED_MAX, CREDENTIALS_REMEMBERED_MS } from "../../../lib/base/limits.ts";
import type { CheckResult } from "../../../lib/http/policy/password_checks.ts";
import { RememberedCredentials } from "../../../lib/http/policy/remembered_credentials.ts";
import { FakeClock } from "../../support/fake_clock.ts";

const of = (name: string, password: string) => ({
  name,
  password: new TextEncoder().encode(password),
});

/** A memory, with how often it had to check. */
function remember(isRight = true) {
  const clock = new FakeClock();
  const memory = new RememberedCredentials(clock);
  const found = { clock, memory, checks: 0 };
  const check = (): Promise<CheckResult> => {
    found.checks++;
    return Promise.resolve({ kind: "checked", isRight });
  };
  return Object.assign(found, {
    verify: async (name: string, password: string) =>
      await memory.verify(of(name, password), check),
  });
}

Deno.test("RememberedCredentials: what was right is not checked again, for a while", async () => {
  const memory = remember();
  await memory.verify("a", "b");
  assert.deepEqual(await memory.verify("a", "b"), { kind: "checked", isRight: true });
  assert.equal(memory.checks, 1);
  memory.clock.sleep(CREDENTIALS_REMEMBERED_MS - 1);
  await memory.verify("a", "b");
  assert.equal(memory.checks, 1);
  memory.clock.sleep(1);
  await memory.verify("a", "b");
  assert.equal(memory.checks, 2, "and use does not prolong it");
});

Deno.test("RememberedCredentials: every other name and password is checked", async () => {
  const memory = remember();
  const shown = [["a", "b"], ["a", "c"], ["b", "b"], ["A", "b"], ["a", ""], ["ab", ""], ["", "ab"]];
  for (const [name, password] of shown) await memory.verify(name, password);
  assert.equal(memory.checks, shown.length);
});

Deno.test("RememberedCredentials: what was wrong, or not checked, is not remembered", async () => {
  const wrong = remember(false);
  for (let time = 0; time < 3; time++) {
    assert.deepEqual(await wrong.verify("a", "b"), { kind: "checked", isRight: false });
  }
  assert.equal(wrong.checks, 3);
  assert.equal(wrong.memory.size, 0);
  const busy = await wrong.memory.verify(
    of("a", "b"),
    () => Promise.resolve({ kind: "busy", fault: "self" }),
  );
  assert.deepEqual([busy.kind, wrong.memory.size], ["busy", 0]);
});

Deno.test("RememberedCredentials: the requests of a page share one check, and its failure", async () => {
  const memory = remember();
  const all = Array.from({ length: 20 }, () => memory.verify("a", "b"));
  for (const result of await Promise.all(all)) assert.equal(result.kind, "checked");
  assert.equal(memory.checks, 1);
  const fail = () => Promise.reject(new Error("out of memory"));
  const failed = [1, 2].map(async () => await memory.memory.verify(of("c", "d"), fail));
  for (const each of failed) await assert.rejects(each, /out of memory/);
  await memory.verify("c", "d");
  assert.equal(memory.checks, 2, "and it can be tried again");
});

Deno.test("RememberedCredentials: holds so many, the latest ones", async () => {
  const memory = remember();
  for (let n = 0; n <= CREDENTIALS_REMEMBERED_MAX; n++) await memory.verify(`user ${n}`, "x");
  assert.equal(memory.memory.size, CREDENTIALS_REMEMBERED_MAX);
  const before = memory.checks;
  await memory.verify("user 1", "x");
  assert.equal(memory.checks, before);
  await memory.verify("user 0", "x");
  assert.equal(memory.checks, before + 1);
});
