import assert from "node:assert/strict";
import { editDistance, suggest } from "../../lib/config/suggest.ts";

const DISTANCES: readonly [a: string, b: string, distance: number][] = [
  ["", "", 0],
  ["", "abc", 3],
  ["host", "host", 0],
  ["host", "hosts", 1],
  ["upstrem", "upstream", 1],
  ["moed", "mode", 1],
  ["ab", "ba", 1],
  ["ca", "abc", 3],
  ["kitten", "sitting", 3],
];

for (const [a, b, distance] of DISTANCES) {
  Deno.test(`editDistance of "${a}" and "${b}" is ${distance}, both ways`, () => {
    assert.equal(editDistance(a, b), distance);
    assert.equal(editDistance(b, a), distance);
  });
}

const KEYS = ["hosts", "mode", "upstream", "upstreams", "tls", "http", "proxy_protocol"];

const GUESSES: readonly [word: string, guess: string | undefined][] = [
  ["host", "hosts"],
  ["MODE", "mode"],
  ["upstrem", "upstream"],
  ["upstreems", "upstreams"],
  ["tsl", "tls"],
  ["htttp", "http"],
  ["proxyprotocol", "proxy_protocol"],
  ["proxy-protokoll", "proxy_protocol"],
  ["", undefined],
  ["t", undefined],
  ["listen", undefined],
  ["compress", undefined],
  ["x".repeat(1_000_000), undefined],
];

for (const [word, guess] of GUESSES) {
  Deno.test(`suggest guesses ${guess ?? "nothing"} for "${word.slice(0, 20)}"`, () => {
    assert.equal(suggest(word, KEYS), guess);
  });
}

Deno.test("suggest guesses nothing for words of two letters, which are near to everything", () => {
  assert.equal(suggest("v3", ["v1", "v2"]), undefined);
});
