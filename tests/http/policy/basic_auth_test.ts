import assert from "node:assert/strict";
import { Counters } from "../../../lib/base/counters.ts";
import { PASSWORD_CHECKS_PER_CLIENT_MAX } from "../../../lib/base/limits.ts";
import { createLog } from "../../../lib/base/log.ts";
import { Sampler } from "../../../lib/base/sampler.ts";
import type { Exchange } from "../../../lib/http/exchange.ts";
import type { HeaderLine } from "../../../lib/http/message.ts";
import { requireUser } from "../../../lib/http/policy/basic_auth.ts";
import { PasswordChecks } from "../../../lib/http/policy/password_checks.ts";
import { headerOf, makeAnswer, makeBody, makeExchange } from "../../support/exchanges.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { basic, cheapHash } from "./password_hashes.ts";

/** The policy for alice, whose password is `open sesame`, with what came through. */
async function guard(fields: { passes?: boolean } = {}) {
  const clock = new FakeClock();
  const counters = new Counters();
  const lines: string[] = [];
  const checks = new PasswordChecks();
  const environment = {
    clock,
    counters,
    checks,
    log: createLog({ write: (line) => lines.push(line) }),
    sampler: new Sampler(clock),
  };
  const users = new Map([["alice", await cheapHash("open sesame")], ["bob", await cheapHash("b")]]);
  const config = { realm: "at home", users, usersFile: undefined, passes: false, ...fields };
  const policy = requireUser(config, users, environment);
  const passed: Exchange[] = [];
  const ask = async (headers: readonly HeaderLine[], fields: Partial<Exchange> = {}) => {
    const exchange = makeExchange({ headers, ...fields });
    return await policy(exchange, (replaced = exchange) => {
      passed.push(replaced);
      return Promise.resolve(makeAnswer(200));
    });
  };
  return { ask, passed, counters, lines, checks };
}

Deno.test("requireUser: RFC 7617 §2, asks for credentials in UTF-8", async () => {
  const { ask, passed, counters } = await guard();
  const body = makeBody("x");
  for (const headers of [[], [["Authorization", "Bearer x"]], [["Cookie", "a=b"]]] as const) {
    const answer = await ask(headers as readonly HeaderLine[], { body });
    assert.equal(answer.status, 401);
    assert.equal(headerOf(answer, "www-authenticate"), 'Basic realm="at home", charset="UTF-8"');
  }
  assert.deepEqual([passed.length, body.reads, body.isCancelled], [0, 0, true]);
  assert.equal(counters.get("credentials_refused"), 0, "nobody has shown any");
});

Deno.test("requireUser: a right password passes, and the upstream does not learn it", async () => {
  const { ask, passed } = await guard();
  const headers: HeaderLine[] = [["A", "1"], basic("alice", "open sesame"), ["B", "2"]];
  assert.equal((await ask(headers, { target: "/x", method: "PUT" })).status, 200);
  assert.deepEqual(passed[0].headers, [["A", "1"], ["B", "2"]]);
  assert.deepEqual([passed[0].target, passed[0].method], ["/x", "PUT"]);
  assert.equal((await ask([basic("bob", "b")])).status, 200);
});

Deno.test("requireUser: with pass the upstream gets it as it was sent", async () => {
  const { ask, passed } = await guard({ passes: true });
  const headers = [basic("alice", "open sesame")];
  await ask(headers);
  assert.deepEqual(passed[0].headers, headers);
});

const WRONG: readonly [name: string, password: string][] = [
  ["alice", "open sesam"],
  ["alice", "open sesame "],
  ["alice", ""],
  ["alice", "b"],
  ["Alice", "open sesame"],
  ["mallory", "open sesame"],
  ["", ""],
  ["__proto__", "x"],
];

Deno.test("requireUser: any other is refused, counted, and told to the log without its name", async () => {
  const { ask, passed, counters, lines } = await guard();
  for (const [name, password] of WRONG) {
    const answer = await ask([basic(name, password)]);
    assert.equal(answer.status, 401, name);
    assert(headerOf(answer, "www-authenticate"), name);
  }
  assert.equal(passed.length, 0);
  assert.equal(counters.get("credentials_refused"), WRONG.length);
  assert.match(
    lines[0],
    /warn {2}Refused a name and password client=192\.0\.2\.1 host=app\.example/,
  );
  assert.doesNotMatch(lines.join("\n"), /alice|sesam|mallory/);
  assert(lines.length < WRONG.length, "a flood does not fill the log");
});

Deno.test("requireUser: a flood from one client is told to wait, and others are let in", async () => {
  const { ask, counters, checks } = await guard();
  const flood = Array.from({ length: 40 }, (_, n) => ask([basic("alice", `wrong ${n}`)]));
  const other = ask([basic("alice", "open sesame")], { client: { ip: "192.0.2.2", port: 1 } });
  const statuses = (await Promise.all(flood)).map(({ status }) => status);
  assert.equal(statuses.filter((status) => status === 401).length, PASSWORD_CHECKS_PER_CLIENT_MAX);
  assert.equal(
    statuses.filter((status) => status === 429).length,
    40 - PASSWORD_CHECKS_PER_CLIENT_MAX,
  );
  assert.equal((await other).status, 200);
  assert.equal(counters.get("credentials_busy"), 40 - PASSWORD_CHECKS_PER_CLIENT_MAX);
  assert.equal(checks.clients, 0);
});

Deno.test("requireUser: a flood from many clients is told to wait with 503 and Retry-After", async () => {
  const { ask } = await guard();
  const flood = await Promise.all(
    Array.from(
      { length: 100 },
      (_, n) => ask([basic("alice", `wrong ${n}`)], { client: { ip: `198.51.100.${n}`, port: 1 } }),
    ),
  );
  const busy = flood.filter(({ status }) => status === 503);
  assert(busy.length > 50, `${busy.length} of 100`);
  assert.match(headerOf(busy[0], "retry-after")!, /^\d+$/);
});

Deno.test("requireUser: the requests of a page cost one check", async () => {
  const { ask, passed, counters } = await guard();
  const page = Array.from({ length: 50 }, () => ask([basic("alice", "open sesame")]));
  for (const { status } of await Promise.all(page)) assert.equal(status, 200);
  assert.deepEqual([passed.length, counters.get("credentials_busy")], [50, 0]);
});
