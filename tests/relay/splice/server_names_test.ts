import assert from "node:assert/strict";
import { ServerNames } from "../../../lib/relay/splice/server_names.ts";
import { FakeClock } from "../../support/fake_clock.ts";

/** Names with a resolver whose answers a test writes. */
function makeNames() {
  const clock = new FakeClock();
  const answers = new Map<string, readonly string[] | "never">();
  const asked: string[] = [];
  let changes = 0;
  const names = new ServerNames({
    clock,
    onChange: () => void changes++,
    resolve: (name) => {
      asked.push(name);
      const answer = answers.get(name);
      if (answer === "never") return new Promise(() => {});
      return answer === undefined ? Promise.reject(new Error("unknown")) : Promise.resolve(answer);
    },
  });
  return { names, clock, answers, asked, changes: () => changes };
}

Deno.test("ServerNames: an IP address is its own and is not asked for", async () => {
  const { names, asked, clock } = makeNames();
  await names.use(["192.0.2.1", "::1"]);
  assert.deepEqual(names.addressesOf("::1"), ["::1"]);
  assert.deepEqual([asked.length, clock.pending], [0, 0]);
});

Deno.test("ServerNames: looks again every 30 s, and tells of changes only", async () => {
  const { names, answers, clock, changes } = makeNames();
  answers.set("a.example", ["192.0.2.1", "192.0.2.2"]);
  await names.use(["a.example"]);
  assert.deepEqual(names.addressesOf("a.example"), ["192.0.2.1", "192.0.2.2"]);
  answers.set("a.example", ["192.0.2.2", "192.0.2.1"]);
  await clock.advance(30_000);
  assert.equal(changes(), 0);
  answers.set("a.example", ["192.0.2.3"]);
  await clock.advance(30_000);
  assert.equal(changes(), 1);
  assert.deepEqual(names.addressesOf("a.example"), ["192.0.2.3"]);
  names.close();
  assert.equal(clock.pending, 0);
});

Deno.test("ServerNames: what was known stays when the resolver fails", async () => {
  const { names, answers, clock, changes } = makeNames();
  answers.set("a.example", ["192.0.2.1"]);
  await names.use(["a.example", "b.example"]);
  assert.deepEqual(names.addressesOf("b.example"), []);
  answers.delete("a.example");
  answers.set("b.example", ["192.0.2.9"]);
  await clock.advance(30_000);
  assert.deepEqual(names.addressesOf("a.example"), ["192.0.2.1"]);
  assert.deepEqual(names.addressesOf("b.example"), ["192.0.2.9"]);
  assert.equal(changes(), 1);
  names.close();
});

Deno.test("ServerNames: a resolver that does not answer is waited for 5 s", async () => {
  const { names, answers, clock } = makeNames();
  answers.set("a.example", "never");
  let isDone = false;
  const using = names.use(["a.example"]).then(() => isDone = true);
  await clock.advance(4_999);
  assert.equal(isDone, false);
  await clock.advance(1);
  await using;
  names.close();
});

Deno.test("ServerNames: names that are no longer used are forgotten, others kept", async () => {
  const { names, answers, asked } = makeNames();
  answers.set("a.example", ["192.0.2.1"]);
  answers.set("b.example", ["192.0.2.2"]);
  await names.use(["a.example", "b.example", "b.example"]);
  await names.use(["b.example"]);
  assert.deepEqual(asked, ["a.example", "b.example"]);
  assert.deepEqual(names.addressesOf("a.example"), []);
  assert.deepEqual(names.addressesOf("b.example"), ["192.0.2.2"]);
  names.close();
});

Deno.test("ServerNames: the host's own resolver knows localhost", async () => {
  const names = new ServerNames({ clock: new FakeClock(), onChange: () => {} });
  await names.use(["localhost"]);
  const addresses = names.addressesOf("localhost");
  assert.ok(addresses.some((address) => address === "127.0.0.1" || address === "::1"));
  names.close();
});
