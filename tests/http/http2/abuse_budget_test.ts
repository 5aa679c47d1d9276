import assert from "node:assert/strict";
import { HTTP2_DEBT_MAX, HTTP2_DEBT_PAID_PER_SECOND_MAX } from "../../../lib/base/http2_limits.ts";
import { AbuseBudget, COST } from "../../../lib/http/http2/abuse_budget.ts";
import { ERROR_CODE, Http2Error } from "../../../lib/http/http2/error_codes.ts";
import { FakeClock } from "../../support/fake_clock.ts";

const CALM = (error: unknown) =>
  error instanceof Http2Error && error.code === ERROR_CODE.enhanceYourCalm &&
  /too many frames: PING/.test(error.message);

/** Spends until it is too much. @returns How often it was not. */
function spendAll(budget: AbuseBudget, cost: number, between: () => void = () => {}): number {
  for (let count = 0; count < 1_000_000; count++) {
    try {
      budget.spend(cost, "PING");
    } catch (error) {
      assert.ok(CALM(error), `${error}`);
      return count;
    }
    between();
  }
  return Infinity;
}

const BURSTS: readonly [name: keyof typeof COST, count: number][] = [
  ["ping", 2_000],
  ["settings", 400],
  ["ignored", 2_000],
  ["windowUpdate", 2_000],
  ["data", 20_000],
  ["emptyData", 200],
  ["reset", 1_000],
  ["refused", 1_000],
  ["oversizedHead", 200],
];
for (const [name, count] of BURSTS) {
  Deno.test(`AbuseBudget: ${count} at once of ${name}, and not one more`, () => {
    assert.equal(spendAll(new AbuseBudget(new FakeClock()), COST[name]), count);
  });
}

Deno.test("AbuseBudget: what time pays back may go on for ever, and no more", () => {
  const perSecond = HTTP2_DEBT_PAID_PER_SECOND_MAX / COST.reset;
  const paced = (rate: number) => {
    const clock = new FakeClock();
    return spendAll(new AbuseBudget(clock), COST.reset, () => clock.sleep(1_000 / rate));
  };
  assert.equal(paced(perSecond), Infinity);
  const count = paced(2 * perSecond);
  assert.ok(count >= 1_000 && count < 2_100, `${count}`);
});

Deno.test("AbuseBudget: a connection that was quiet has saved nothing up", () => {
  const clock = new FakeClock();
  const budget = new AbuseBudget(clock);
  assert.equal(spendAll(budget, COST.ping), HTTP2_DEBT_MAX / COST.ping);
  clock.sleep(3_600_000);
  const count = spendAll(budget, COST.ping);
  assert.ok(count <= HTTP2_DEBT_MAX / COST.ping + 1, `${count}`);
});

const EARNED: readonly [name: string, spend: number, earn: (budget: AbuseBudget) => void][] = [
  ["a reset for each request that is answered", COST.reset, (budget) => budget.earnRequest()],
  ["one frame of an unknown type per request", COST.ignored, (budget) => budget.earnRequest()],
  ["messages of 100 bytes", COST.data, (budget) => budget.earnReceived(100)],
  ["tiny messages that are read one by one", COST.data, (budget) => budget.earnRead()],
  ["two WINDOW_UPDATE for 4 KiB", 2 * COST.windowUpdate, (budget) => budget.earnSent(4_096)],
];
for (const [name, cost, earn] of EARNED) {
  Deno.test(`AbuseBudget: ${name} may go on for ever`, () => {
    const budget = new AbuseBudget(new FakeClock());
    assert.equal(spendAll(budget, cost, () => earn(budget)), Infinity);
  });
}

const NOT_EARNED: typeof EARNED = [
  ["DATA of one byte", COST.data, (budget) => budget.earnReceived(1)],
  ["a WINDOW_UPDATE by one byte", COST.windowUpdate, (budget) => budget.earnSent(1)],
];
for (const [name, cost, earn] of NOT_EARNED) {
  Deno.test(`AbuseBudget: ${name} does not pay for itself`, () => {
    const budget = new AbuseBudget(new FakeClock());
    assert.ok(spendAll(budget, cost, () => earn(budget)) < 21_000);
  });
}
