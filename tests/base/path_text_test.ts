import assert from "node:assert/strict";
import {
  encodePathText,
  foldPathBytes,
  foldPathText,
  normalizePathText,
  readPathText,
  readTwiceEncoded,
} from "../../lib/base/path_text.ts";
import { Random } from "../support/random.ts";

const SEED = 0xbe5e;

/** UTF-8, a character per byte. */
function bytesOf(text: string): string {
  return String.fromCharCode(...new TextEncoder().encode(text));
}

const READ: readonly [path: string, text: string][] = [
  ["/a/b", "/a/b"],
  ["/my%20files/x", "/my files/x"],
  ["/my files/x", "/my files/x"],
  ["/%c3%bcber", "/über"],
  ["/%C3%9Cber", "/über"],
  [bytesOf("/über"), "/über"],
  // Half escaped.
  ["/\xc3%bcber", "/über"],
  // NFD, as macOS writes it.
  ["/u%cc%88ber", "/über"],
  ["/stra%c3%9fe", "/straße"],
  ["/%e6%97%a5%e6%9c%ac", "/日本"],
  ["/%f0%9f%98%80", "/😀"],
  ["/%40a%2cb%28c%29%2b%21", "/@a,b(c)+!"],
  // What divides a path, or nobody should see, stays.
  ["/a%2fb%5cc%3bd%3fe%23f%25g", "/a%2fb%5cc%3bd%3fe%23f%25g"],
  ["/a%00%0a%1f%7f", "/a%00%0a%1f%7f"],
  ["/%", "/%"],
  ["/%2", "/%2"],
  // No UTF-8: Latin-1, a letter cut, longer than it may be, half a surrogate.
  ["/%fcber", "/\ufffdber"],
  ["/%c3", "/\ufffd"],
  ["/%c0%ae", "/\ufffd\ufffd"],
  ["/%ed%a0%80", "/\ufffd\ufffd\ufffd"],
  ["/%ef%bb%bfa", "/\ufeffa"],
];

for (const [path, text] of READ) {
  Deno.test(`readPathText: ${JSON.stringify(path)} is ${JSON.stringify(text)}`, () => {
    assert.equal(readPathText(path), text);
  });
}

Deno.test("readPathText: UAX 15 §13, no text has more than 30 marks in a row", () => {
  const marks = (count: number) => bytesOf("a" + "\u0344\u0334".repeat(count / 2));
  assert.equal(typeof readPathText(marks(30)), "string");
  assert.equal(readPathText(marks(32)), undefined);
  assert.equal(readPathText(bytesOf(`${"e\u0301".repeat(100)}${"\ufe00".repeat(31)}`)), undefined);
});

const FOLDED: readonly [text: string, folded: string][] = [
  ["/admin x", "/admin x"],
  ["/über", "/über"],
  ["/ÜBER", "/über"],
  ["/u\u0308ber", "/über"],
  ["/straße", "/strasse"],
  ["/STRAẞE", "/strasse"],
  ["/ﬁlm", "/film"],
  ["/kız", "/kiz"],
  ["/KİZ", "/kiz"],
  ["/ſ\u212a", "/sk"],
  ["/ａｄｍｉｎ", "/admin"],
  ["/οδος", "/οδοσ"],
  ["/ad\u00admin\u200b", "/admin"],
  ["/a\u00a0b+c", "/a b c"],
  ["/‥／x", "/../x"],
  ["/\ufffd", "/\ufffd"],
];

for (const [text, folded] of FOLDED) {
  Deno.test(`foldPathText: ${JSON.stringify(text)} is ${JSON.stringify(folded)}`, () => {
    assert.equal(foldPathText(text), folded);
    assert.equal(foldPathBytes(bytesOf(text)).replaceAll("+", " "), bytesOf(folded));
  });
}

Deno.test("foldPathBytes: ASCII stays, bytes that are no UTF-8 stay such", () => {
  assert.equal(foldPathBytes("/c++/%fc"), "/c++/%fc");
  assert.match(readPathText(foldPathBytes("/\xfcber"))!, /\ufffd/);
});

Deno.test("foldPathText: each way to write a character folds to the same, for all that has several", () => {
  for (let code = 0; code <= 0x2fa1f; code++) {
    // Halves, private letters, and planes in which each character is written in one way.
    if (code >= 0xd800 && code < 0xf900) continue;
    if (code === 0x20000) code = 0x2f800;
    const character = String.fromCodePoint(code);
    const folded = foldPathText(character.toLowerCase());
    const ways = [character.toUpperCase(), normalizePathText(character)]
      .concat(["NFC", "NFD", "NFKC", "NFKD"].map((form) => character.normalize(form)));
    for (const way of [folded, ...ways]) {
      if (foldPathText(way.toLowerCase()) === folded) continue;
      assert.fail(`U+${code.toString(16)} as ${JSON.stringify(way)}`);
    }
  }
});

Deno.test(`foldPathText: twice is once, and bytes fold as texts do, seed ${SEED}`, () => {
  const random = new Random(SEED);
  const letters = [..."aßſıİKΣσς\u0307\u0308\u0327uüﬁ\u00ad\u200d한각\u1100\u1161\u0345ᾳ／‥ +"];
  for (let round = 0; round < 20_000; round++) {
    let text = "/";
    for (let count = random.below(8); count > 0; count--) text += random.pick(letters);
    text = text.toLowerCase();
    const folded = foldPathText(text);
    assert.equal(foldPathText(folded), folded, JSON.stringify(text));
    assert.equal(foldPathText(normalizePathText(text)), folded, JSON.stringify(text));
    assert.equal(readPathText(foldPathBytes(bytesOf(text)))!.replaceAll("+", " "), folded);
  }
});

const TWICE: readonly [path: string, once: string][] = [
  [bytesOf(bytesOf("/über")), bytesOf("/über")],
  [bytesOf("/über"), bytesOf("/über")],
  [bytesOf("/日本"), bytesOf("/日本")],
  ["/\xfc", "/\xfc"],
  [bytesOf(`/${bytesOf("ü")}/é/\xfc`), `/${bytesOf("ü")}/${bytesOf("é")}/${bytesOf("\xfc")}`],
  ["/admin", "/admin"],
];

for (const [path, once] of TWICE) {
  Deno.test(`readTwiceEncoded: ${JSON.stringify(path)} is ${JSON.stringify(once)}`, () => {
    assert.equal(readTwiceEncoded(path), once);
  });
}

const ENCODED: readonly [text: string, encoded: string][] = [
  ["/my files/über", "/my%20files/%C3%BCber"],
  ["/a%20b/(c)", "/a%20b/(c)"],
  ["/😀?x=é", "/%F0%9F%98%80?x=%C3%A9"],
];

for (const [text, encoded] of ENCODED) {
  Deno.test(`encodePathText: ${text} is sent as ${encoded}`, () => {
    assert.equal(encodePathText(text), encoded);
  });
}
