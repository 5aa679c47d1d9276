import assert from "node:assert/strict";
import { HealthState } from "../../lib/upstream/health_state.ts";

/** Results ("+" and "-") and the state after each of them ("u" and "d"). */
const COURSES: readonly [rise: number, fall: number, results: string, states: string][] = [
  [1, 1, "+-+--+", "ududdu"],
  [2, 3, "+++", "uuu"],
  [2, 3, "---", "uud"],
  [2, 3, "--+--+---", "uuuuuuuud"],
  [2, 3, "---+-++", "uuddddu"],
  [2, 3, "---++--+---", "uudduuuuuud"],
  [3, 1, "-++-+++", "ddddddu"],
];

for (const [rise, fall, results, states] of COURSES) {
  Deno.test(`HealthState: rise ${rise}, fall ${fall}: ${results}`, () => {
    const state = new HealthState();
    let seen = "";
    for (const result of results) {
      const before = state.isDown;
      const hasTurned = state.note(result === "+", { rise, fall });
      assert.equal(hasTurned, state.isDown !== before);
      seen += state.isDown ? "d" : "u";
    }
    assert.equal(seen, states);
  });
}

Deno.test("HealthState: starts as up, or as it was known", () => {
  assert.equal(new HealthState().isDown, false);
  const known = new HealthState(true);
  assert.equal(known.isDown, true);
  assert.equal(known.note(true, { rise: 1, fall: 1 }), true);
  assert.equal(known.isDown, false);
});
