import assert from "node:assert/strict";
import { ChallengesShown } from "../../lib/acme/challenges_shown.ts";

Deno.test("ChallengesShown answers a token for its own host, while it is shown", () => {
  const challenges = new ChallengesShown();
  const first = challenges.show("a.example", "t1", "t1.key");
  const second = challenges.show("a.example", "t2", "t2.key");
  const other = challenges.show("b.example", "t3", "t3.key");
  assert.equal(challenges.answer("a.example", "t1"), "t1.key");
  assert.equal(challenges.answer("a.example", "t2"), "t2.key");
  assert.equal(challenges.answer("b.example", "t1"), undefined);
  assert.equal(challenges.answer("a.example", "t3"), undefined);
  assert.equal(challenges.answer("a.example", ""), undefined);
  assert.equal(challenges.answer("__proto__", "constructor"), undefined);
  first[Symbol.dispose]();
  first[Symbol.dispose]();
  assert.equal(challenges.answer("a.example", "t1"), undefined);
  assert.equal(challenges.answer("a.example", "t2"), "t2.key");
  second[Symbol.dispose]();
  other[Symbol.dispose]();
  assert.equal(challenges.size, 0);
});

Deno.test("ChallengesShown keeps what an overlapping order shows for the same host", () => {
  const challenges = new ChallengesShown();
  const old = challenges.show("a.example", "old", "old.key");
  using _fresh = challenges.show("a.example", "fresh", "fresh.key");
  using _again = challenges.show("a.example", "old", "old.key again");
  old[Symbol.dispose]();
  assert.equal(challenges.answer("a.example", "fresh"), "fresh.key");
  assert.equal(challenges.answer("a.example", "old"), "old.key again");
});
