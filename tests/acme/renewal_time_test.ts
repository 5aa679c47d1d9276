import assert from "node:assert/strict";
import { chooseMoment, renewalDueAt } from "../../lib/acme/renewal_time.ts";

const DAY_MS = 86_400_000;
const START = Date.UTC(2026, 0, 1);
const certificate = (days: number, serial: string) => ({
  notBeforeAt: START,
  notAfterAt: START + days * DAY_MS,
  serial,
});

for (const days of [90, 45, 6, 1, 1 / 1440]) {
  Deno.test(`renewalDueAt lies shortly before two thirds of ${days} days, the same each time`, () => {
    const shares = ["000000", "7FFFFF", "FFFFFF", "ABC123", "5", ""].map((serial) => {
      const dueAt = renewalDueAt(certificate(days, serial));
      assert.equal(dueAt, renewalDueAt(certificate(days, serial)));
      return (dueAt - START) / (days * DAY_MS);
    });
    for (const share of shares) assert.ok(share >= 0.633 && share <= 0.667, `${share}`);
    assert.ok(new Set(shares).size >= 4);
  });
}

Deno.test("renewalDueAt follows the CA's suggestion, but not to the end of life", () => {
  const one = certificate(90, "ABC");
  assert.equal(renewalDueAt(one, START + 3 * DAY_MS), START + 3 * DAY_MS);
  assert.equal(renewalDueAt(one, START - 1), START - 1);
  assert.equal(renewalDueAt(one, START + 400 * DAY_MS), START + 81 * DAY_MS);
});

Deno.test("chooseMoment stays within the window", () => {
  const info = { startAt: 1_000, endAt: 3_000, pauseMs: 0 };
  assert.deepEqual([0, 0.5, 0.999].map((r) => chooseMoment(info, () => r)), [1_000, 2_000, 2_998]);
});
