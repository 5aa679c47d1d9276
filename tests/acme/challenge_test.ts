import assert from "node:assert/strict";
import { ChallengeSchema, findHttpChallenge } from "../../lib/acme/challenge.ts";

const challenge = (fields: Record<string, unknown>) =>
  ChallengeSchema.parse({ type: "http-01", url: "https://ca/c", status: "pending", ...fields });

for (
  const [token, isGood] of [
    ["LoqXcYV8q5ONbJQxbmR7SCTNo3tiAXDfowyjxAjEuX0", true],
    ["A".repeat(22), true],
    ["A".repeat(21), false],
    ["A".repeat(257), false],
    ["../../../../../../../../etc/passwd", false],
    ["<script>alert(1)</script>AAAAAAAAAAAA", false],
    ["AAAAAAAAAAAAAAAAAAAAAAAA\r\nX: y", false],
    [undefined, false],
    [7, false],
  ] as const
) {
  Deno.test(`findHttpChallenge ${isGood ? "takes" : "refuses"} the token ${token}`, () => {
    const others = [challenge({ type: "dns-01", token: "B".repeat(43) }), challenge({ type: "x" })];
    const found = findHttpChallenge([...others, challenge({ token })]);
    assert.deepEqual(found, isGood ? { url: "https://ca/c", token } : undefined);
  });
}
