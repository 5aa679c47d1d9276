import assert from "node:assert/strict";
import { Counters } from "../../lib/base/counters.ts";
import { createLog } from "../../lib/base/log.ts";
import { Sampler } from "../../lib/base/sampler.ts";
import { AddressBook } from "../../lib/hop/address_book.ts";
import { answerDefect, refuseUnknownHop } from "../../lib/http/loopback_server.ts";
import { headerOf } from "../support/exchanges.ts";
import { FakeClock } from "../support/fake_clock.ts";

function makeEnvironment() {
  const clock = new FakeClock();
  const lines: string[] = [];
  const log = createLog({ write: (line) => lines.push(line) });
  const counters = new Counters();
  return { book: new AddressBook(), clock, counters, log, sampler: new Sampler(clock), lines };
}

Deno.test("refuseUnknownHop: 403, counted each time, logged now and then", () => {
  const environment = makeEnvironment();
  for (let index = 0; index < 50; index++) {
    const answer = refuseUnknownHop(environment, "127.0.0.2");
    assert.equal(answer.status, 403);
    assert.equal(headerOf(answer, "connection"), "close");
  }
  assert.equal(environment.counters.get("hop_unknown"), 50);
  assert.equal(environment.lines.length, 5);
  assert.match(environment.lines[0], /did not come through the relay from=127\.0\.0\.2/);
});

Deno.test("answerDefect: 500 without a body, and the error stands in the log", () => {
  const environment = makeEnvironment();
  const answer = answerDefect(environment, new TypeError("no such thing"));
  assert.deepEqual([answer.status, answer.body], [500, undefined]);
  assert.match(environment.lines[0], /error Cannot answer request error="?no such thing/);
});
