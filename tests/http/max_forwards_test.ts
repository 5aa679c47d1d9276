import assert from "node:assert/strict";
import type { HeaderLine } from "../../lib/http/message.ts";
import { countForward, countsForwards } from "../../lib/http/max_forwards.ts";
import { headerOf, makeExchange } from "../support/exchanges.ts";

const CASES: readonly [sent: readonly string[], passed: readonly string[] | "answered"][] = [
  [[], []],
  [["5"], ["4"]],
  [["1"], ["0"]],
  [["007"], ["6"]],
  [["0"], "answered"],
  [["00"], "answered"],
  [["3", "0"], "answered"],
  [["3", "9"], ["2", "8"]],
  [["x"], ["x"]],
  [["-1"], ["-1"]],
  [[""], [""]],
  [["9999999999"], ["9999999999"]],
];

for (const [sent, passed] of CASES) {
  Deno.test(`countForward: RFC 9110 §7.6.2, Max-Forwards ${JSON.stringify(sent)}`, () => {
    const linesOf = (values: readonly string[]): HeaderLine[] => [
      ["A", "1"],
      ...values.map((value): HeaderLine => ["max-Forwards", value]),
    ];
    const exchange = makeExchange({ method: "OPTIONS", headers: linesOf(sent) });
    const counted = countForward(exchange);
    if (passed === "answered") {
      assert.ok(counted.kind === "answer");
      assert.equal(counted.answer.status, 204);
      return;
    }
    assert.ok(counted.kind === "forward");
    assert.deepEqual(counted.exchange.headers, linesOf(passed));
  });
}

Deno.test("countForward: RFC 9110 §9.3.8, a trace that ends here shows nothing", () => {
  const headers = [["Max-Forwards", "0"], ["Cookie", "secret"]] as const;
  const counted = countForward(makeExchange({ method: "TRACE", headers }));
  assert.ok(counted.kind === "answer");
  assert.deepEqual([counted.answer.status, counted.answer.body], [405, undefined]);
  assert.match(headerOf(counted.answer, "allow")!, /\bOPTIONS\b/);
});

Deno.test("countsForwards: the two methods, in their case", () => {
  const methods = ["OPTIONS", "TRACE", "GET", "options", "POST"];
  assert.deepEqual(methods.map(countsForwards), [true, true, false, false, false]);
});
