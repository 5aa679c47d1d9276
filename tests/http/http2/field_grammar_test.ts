import assert from "node:assert/strict";
import { findFieldFault, isLowerToken, isPadded } from "../../../lib/http/http2/field_grammar.ts";

Deno.test("isLowerToken: RFC 9110 §5.6.2 without capital letters, and not empty", () => {
  for (let code = 0; code < 0x180; code++) {
    const character = String.fromCharCode(code);
    const expected = /^[!#$%&'*+\-.^_`|~0-9a-z]$/.test(character);
    assert.equal(isLowerToken(character), expected, `0x${code.toString(16)}`);
    assert.equal(isLowerToken(`a${character}z`), expected, `0x${code.toString(16)}`);
  }
  assert.equal(isLowerToken(""), false);
  assert.equal(isLowerToken(":path", 1), true);
  assert.equal(isLowerToken(":", 1), false);
});

Deno.test("findFieldFault: each character of a name and of a value", () => {
  for (let code = 0; code < 0x100; code++) {
    const character = String.fromCharCode(code);
    const inName = /^[!#$%&'*+\-.^_`|~0-9a-z]$/.test(character);
    const inValue = code === 9 || (code >= 0x20 && code !== 0x7f);
    assert.equal(findFieldFault([`a${character}b`, ""]) === undefined, inName, `name ${code}`);
    assert.equal(findFieldFault(["a", `b${character}c`]) === undefined, inValue, `value ${code}`);
  }
});

const FIELDS: readonly (readonly [name: string, value: string, fault: string | undefined])[] = [
  ["x", "", undefined],
  ["x", "a b\tc", undefined],
  ["x", "\xa0a\xa0", undefined],
  [":path", "/", undefined],
  [":unknown", "a", undefined],
  [":", "a", "a name is no token in lower case"],
  ["::path", "a", "a name is no token in lower case"],
  ["", "a", "a name is no token in lower case"],
  ["x:", "a", "a name is no token in lower case"],
  [":Path", "a", "a name is no token in lower case"],
  ["x", "a\n", "a value has control characters"],
  ["x", "\r", "a value has control characters"],
  ["x", "\0", "a value has control characters"],
  ["x", " ", "whitespace stands around a value"],
  ["x", "\ta", "whitespace stands around a value"],
  ["x", "a ", "whitespace stands around a value"],
];
for (const [name, value, fault] of FIELDS) {
  Deno.test(`findFieldFault: RFC 9113 §8.2.1, ${JSON.stringify([name, value])}`, () => {
    assert.equal(findFieldFault([name, value]), fault);
  });
}

Deno.test("isPadded: spaces and tabs at either end", () => {
  for (const value of ["", "a", "a b", "\xa0", "\x0b"]) assert.equal(isPadded(value), false, value);
  for (const value of [" ", "\t", " a", "a\t"]) assert.equal(isPadded(value), true, value);
});
