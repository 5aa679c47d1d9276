import assert from "node:assert/strict";
import {
  PASSWORD_CHECKS_MAX,
  PASSWORD_CHECKS_PER_CLIENT_MAX,
  PASSWORD_CHECKS_WAITING_MAX,
} from "../../../lib/base/limits.ts";
import { PasswordChecks } from "../../../lib/http/policy/password_checks.ts";

/** A check that ends when the test says so. */
function slowCheck() {
  const { promise, resolve, reject } = Promise.withResolvers<boolean>();
  let isStarted = false;
  return {
    run: () => {
      isStarted = true;
      return promise;
    },
    resolve,
    reject,
    get isStarted() {
      return isStarted;
    },
  };
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
}

Deno.test("PasswordChecks: runs so many at once, the others in their order", async () => {
  const checks = new PasswordChecks();
  const slow = Array.from({ length: PASSWORD_CHECKS_MAX + 3 }, slowCheck);
  const results = slow.map(({ run }, index) => checks.run(`client ${index}`, run));
  const started = async () => {
    await settle();
    return slow.filter(({ isStarted }) => isStarted).length;
  };
  assert.equal(await started(), PASSWORD_CHECKS_MAX);
  for (const [index, { resolve }] of slow.entries()) {
    resolve(index % 2 === 0);
    assert.deepEqual(await results[index], { kind: "checked", isRight: index % 2 === 0 });
    assert.equal(await started(), Math.min(slow.length, PASSWORD_CHECKS_MAX + index + 1));
  }
  assert.equal(checks.clients, 0, "nothing is kept");
});

Deno.test("PasswordChecks: one client has so many and no more, others have their own", async () => {
  const checks = new PasswordChecks();
  const slow = slowCheck();
  const own = Array.from(
    { length: PASSWORD_CHECKS_PER_CLIENT_MAX },
    () => checks.run("a", slow.run),
  );
  assert.deepEqual(await checks.run("a", slow.run), { kind: "busy", fault: "client" });
  const other = checks.run("b", slow.run);
  slow.resolve(true);
  for (const each of [...own, other]) {
    assert.deepEqual(await each, { kind: "checked", isRight: true });
  }
  assert.equal((await checks.run("a", slow.run)).kind, "checked", "its places are free again");
});

Deno.test("PasswordChecks: so many wait and no more, whoever they are", async () => {
  const checks = new PasswordChecks();
  const slow = slowCheck();
  const places = PASSWORD_CHECKS_MAX + PASSWORD_CHECKS_WAITING_MAX;
  const all = Array.from({ length: places }, (_, n) => checks.run(`client ${n}`, slow.run));
  await settle();
  assert.deepEqual(await checks.run("one more", slow.run), { kind: "busy", fault: "self" });
  assert.equal(checks.clients, places, "who was refused is not counted");
  slow.resolve(false);
  await Promise.all(all);
  assert.equal(checks.clients, 0);
});

Deno.test("PasswordChecks: a check that fails gives its place back", async () => {
  const checks = new PasswordChecks();
  for (let round = 0; round < PASSWORD_CHECKS_MAX * 3; round++) {
    await assert.rejects(checks.run("a", () => Promise.reject(new Error("out of memory"))));
  }
  assert.equal((await checks.run("a", () => Promise.resolve(true))).kind, "checked");
  assert.equal(checks.clients, 0);
});
