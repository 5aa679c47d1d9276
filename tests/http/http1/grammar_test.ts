import assert from "node:assert/strict";
import {
  isFieldName,
  isFieldValue,
  isRequestTarget,
  isToken,
  trimOws,
} from "../../../lib/http/http1/grammar.ts";

const ALL_BYTES = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code));

Deno.test("isToken: exactly the characters of RFC 9110 §5.6.2", () => {
  const tokenCharacters = "!#$%&'*+-.^_`|~0123456789" +
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  for (const character of ALL_BYTES) {
    assert.equal(isToken(`a${character}b`), tokenCharacters.includes(character), character);
  }
  assert.equal(isToken(""), false);
  assert.equal(isToken("a\n"), false);
});

Deno.test("isFieldValue: no control characters but tab, nothing beyond latin1", () => {
  for (const character of ALL_BYTES) {
    const code = character.charCodeAt(0);
    const expected = code === 9 || (code >= 0x20 && code !== 0x7f);
    assert.equal(isFieldValue(`a${character}`), expected, `byte ${code}`);
  }
  assert.equal(isFieldValue(""), true);
  assert.equal(isFieldValue("a\n"), false);
  assert.equal(isFieldValue("\u0100"), false);
  // Cut to one byte these would be LF and CR.
  assert.equal(isFieldValue("\u010a\u010d"), false);
});

Deno.test("isRequestTarget: visible ASCII only", () => {
  for (const character of ALL_BYTES) {
    const code = character.charCodeAt(0);
    assert.equal(isRequestTarget(`/${character}`), code > 0x20 && code < 0x7f, `byte ${code}`);
  }
  assert.equal(isRequestTarget(""), false);
});

Deno.test("trimOws: takes spaces and tabs only", () => {
  const cases: [string, string][] = [
    ["", ""],
    [" \t ", ""],
    ["a", "a"],
    ["\t a b \t", "a b"],
    ["\xa0a\xa0", "\xa0a\xa0"],
    ["\va\f", "\va\f"],
  ];
  for (const [text, expected] of cases) assert.equal(trimOws(text), expected);
});

Deno.test("isFieldName: without regard to case, and to nothing else", () => {
  assert.equal(isFieldName("CONTENT-Length", "content-length"), true);
  assert.equal(isFieldName("content_length", "content-length"), false);
  assert.equal(isFieldName("content-lengt", "content-length"), false);
});
