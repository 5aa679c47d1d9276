import assert from "node:assert/strict";
import type { HeaderLine } from "../../lib/http/message.ts";
import { readStickyCookie, stickyCookieLine } from "../../lib/http/sticky.ts";
import { Random } from "../support/random.ts";

const KEY = "0123456789abcdef";

/** Header lines and what is read of the cookie "server". */
const LINES: readonly [lines: readonly HeaderLine[], value: string | undefined][] = [
  [[], undefined],
  [[["Cookie", `server=${KEY}`]], KEY],
  [[["cookie", `a=b; server=${KEY}; c=d`]], KEY],
  [[["COOKIE", `a=b;server=${KEY}`]], KEY],
  [[["Cookie", `server = ${KEY} `]], KEY],
  // Over HTTP/2 each pair may stand by itself.
  [[["cookie", "a=b"], ["cookie", `server=${KEY}`]], KEY],
  [[["Cookie", `server=${KEY}; server=fedcba9876543210`]], KEY],
  [[["Cookie", `server=other; server=${KEY}`]], undefined],
  [[["Cookie", `Server=${KEY}`]], undefined],
  [[["Cookie", `xserver=${KEY}`]], undefined],
  [[["Cookie", `server=${KEY}0`]], undefined],
  [[["Cookie", `server="${KEY}"`]], undefined],
  [[["Cookie", `server=${KEY.toUpperCase()}`]], undefined],
  [[["Cookie", "server"]], undefined],
  [[["Cookie", "server="]], undefined],
  [[["Cookie", "=;;;=server"]], undefined],
  [[["X-Cookie", `server=${KEY}`]], undefined],
  [[["Set-Cookie", `server=${KEY}`]], undefined],
];

for (const [lines, value] of LINES) {
  Deno.test(`readStickyCookie: ${JSON.stringify(lines)}`, () => {
    assert.equal(readStickyCookie(lines, "server"), value);
  });
}

Deno.test("readStickyCookie: whatever is sent, what is read is a key or nothing, seed 8", () => {
  const random = new Random(8);
  const pieces = ["server", "=", ";", " ", KEY, "\t", ",", '"', "\x80", "a"];
  for (let round = 0; round < 5_000; round++) {
    const line = Array.from({ length: random.below(12) }, () => random.pick(pieces)).join("");
    const value = readStickyCookie([["Cookie", line]], "server");
    if (value !== undefined) assert.equal(value, KEY, line);
  }
});

Deno.test("stickyCookieLine: is for the whole host, not for scripts, and over TLS for TLS only", () => {
  const cookie = { name: "server", value: KEY };
  assert.deepEqual(stickyCookieLine({ ...cookie, isSecure: true }), [
    "Set-Cookie",
    `server=${KEY}; Path=/; HttpOnly; Secure; SameSite=Lax`,
  ]);
  assert.deepEqual(stickyCookieLine({ ...cookie, isSecure: false }), [
    "Set-Cookie",
    `server=${KEY}; Path=/; HttpOnly; SameSite=Lax`,
  ]);
});

Deno.test("stickyCookieLine: what is set is what is read", () => {
  const [, line] = stickyCookieLine({ name: "a-b", value: KEY, isSecure: true });
  assert.equal(readStickyCookie([["Cookie", line.split(";")[0]]], "a-b"), KEY);
});
