import assert from "node:assert/strict";
import { Counters } from "../../lib/base/counters.ts";
import { createLog } from "../../lib/base/log.ts";
import { Sampler } from "../../lib/base/sampler.ts";
import { markRefused, refuseRequest, reportRefusal } from "../../lib/http/refusal.ts";
import { headerOf, makeAnswer, readText } from "../support/exchanges.ts";
import { FakeClock } from "../support/fake_clock.ts";

const CLIENT = { ip: "2001:db8::7", port: 50_000 };

function makeReport() {
  const counters = new Counters();
  const lines: string[] = [];
  const log = createLog({ level: "info", write: (line) => lines.push(line) });
  return { environment: { counters, log, sampler: new Sampler(new FakeClock()) }, counters, lines };
}

Deno.test("refuseRequest: answers in a sentence, and says for the log who asked for what", async () => {
  const answer = refuseRequest({ client: CLIENT, authority: "app.example.org" }, {
    status: 429,
    reason: "Too many",
    counter: "requests_rate_limited",
    headers: [["Retry-After", "3"]],
  });
  assert.equal(answer.status, 429);
  assert.equal(answer.isOwn, true);
  assert.equal(headerOf(answer, "retry-after"), "3");
  assert.equal(await readText(answer), "Too many\n");
  assert.deepEqual(answer.refusal, {
    counter: "requests_rate_limited",
    reason: "Too many",
    client: CLIENT,
    host: "app.example.org",
  });
});

Deno.test("refuseRequest: RFC 9110 §15.5.6, 405 says what is allowed", () => {
  const answerTo = (status: number) => refuseRequest({ client: CLIENT }, { status, reason: "No" });
  assert.match(headerOf(answerTo(405), "allow")!, /\bGET\b/);
  assert.equal(headerOf(answerTo(400), "allow"), undefined);
});

Deno.test("reportRefusal: counts each, and logs the first of each kind", () => {
  const { environment, counters, lines } = makeReport();
  const answer = refuseRequest({ client: CLIENT }, { status: 431, reason: "Too long" });
  for (let count = 0; count < 100; count++) reportRefusal(environment, answer);
  assert.equal(counters.get("request_refused"), 100);
  assert.equal(lines.length, 5);
  assert.match(
    lines[0],
    /info {2}Refused a request client=\[2001:db8::7\]:50000 status=431 reason="Too long"\n?$/,
  );
  reportRefusal(environment, refuseRequest({ client: CLIENT }, { status: 400, reason: "Bad" }));
  assert.equal(lines.length, 6, "a flood of one kind hides no other");
});

Deno.test("reportRefusal: what a stranger calls the host does not forge a line", () => {
  const { environment, lines } = makeReport();
  const authority = 'x"\n2026-11-21T00:00:00Z error forged';
  const request = { client: CLIENT, authority };
  reportRefusal(environment, refuseRequest(request, { status: 421, reason: "No" }));
  assert.equal(lines.join("").trimEnd().split("\n").length, 1);
});

Deno.test("reportRefusal: other answers pass unseen; any answer can be marked", () => {
  const { environment, counters, lines } = makeReport();
  reportRefusal(environment, makeAnswer(404));
  assert.deepEqual(lines, []);
  const marked = markRefused(makeAnswer(200), { client: CLIENT }, {
    reason: "not here",
    counter: undefined,
  });
  assert.equal(marked.status, 200);
  reportRefusal(environment, marked);
  assert.equal(counters.get("request_refused"), 1);
  assert.equal(lines.length, 1);
});
