/**
 * Which fields may stand in HTTP/2 at all (RFC 9113 §8.2.1), whatever they mean. Pure. Input comes from
 * strangers.
 *
 * @module
 */
import { isTokenCode } from "../http1/grammar.ts";
import type { HeaderLine } from "../message.ts";

const TAB = 0x09;
const SPACE = 0x20;
const COLON = 0x3a;
const UPPER_A = 0x41;
const UPPER_Z = 0x5a;

/** As over HTTP/1.1 (RFC 9110 §5.5), which leaves out more than RFC 9113 does. */
const FIELD_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/**
 * Says what is wrong with a field by itself: a name that is no token in lower case, but for the colon of
 * a pseudo-field; control characters in the value, or whitespace around it. Over HTTP/1.1, these would
 * make another message of it.
 *
 * @returns undefined if nothing is.
 */
export function findFieldFault([name, value]: HeaderLine): string | undefined {
  const isPseudo = name.charCodeAt(0) === COLON;
  if (!isLowerToken(name, isPseudo ? 1 : 0)) return "a name is no token in lower case";
  if (!FIELD_VALUE.test(value)) return "a value has control characters";
  return isPadded(value) ? "whitespace stands around a value" : undefined;
}

/** Says whether a text is a token without capital letters, from `start` on. */
export function isLowerToken(text: string, start = 0): boolean {
  for (let index = start; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (!isTokenCode(code) || (code >= UPPER_A && code <= UPPER_Z)) return false;
  }
  return text.length > start;
}

/** Says whether there is whitespace at an end of a value. */
export function isPadded(value: string): boolean {
  return value !== "" &&
    (isWhitespace(value.charCodeAt(0)) || isWhitespace(value.charCodeAt(value.length - 1)));
}

function isWhitespace(code: number): boolean {
  return code === SPACE || code === TAB;
}
