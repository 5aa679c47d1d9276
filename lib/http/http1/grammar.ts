/**
 * The characters HTTP/1.1 is made of: tokens, field values, request targets and header lines, the
 * same for requests and responses. Strict: what another reader could understand otherwise is
 * refused, not repaired. Says nothing about what a field means; see `framing.ts`. Pure. Input comes
 * from strangers, as latin1 text.
 *
 * @module
 */
import type { HeaderLine } from "../message.ts";

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const FIELD_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
const REQUEST_TARGET = /^[\x21-\x7e]+$/;

const TAB = 0x09;
const SPACE = 0x20;

/** Says whether the text is a token: a method or a field name (RFC 9110 §5.6.2). */
export function isToken(text: string): boolean {
  return TOKEN.test(text);
}

/**
 * Says whether the text can stand in a field value or a reason phrase (RFC 9110 §5.5): tabs, visible
 * ASCII, spaces and bytes from 0x80. CR, LF and NUL would let a value become a line of its own.
 */
export function isFieldValue(text: string): boolean {
  return FIELD_VALUE.test(text);
}

/** Says whether the text can stand as a request target (RFC 9112 §3.2): visible ASCII, not empty. */
export function isRequestTarget(text: string): boolean {
  return REQUEST_TARGET.test(text);
}

/**
 * Takes optional whitespace (RFC 9110 §5.6.3) from both ends. `String.trim` would take a byte 0xA0
 * along, which is U+00A0 in latin1 text, and is no whitespace in HTTP.
 */
export function trimOws(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isOws(text.charCodeAt(start))) start++;
  while (end > start && isOws(text.charCodeAt(end - 1))) end--;
  return start === 0 && end === text.length ? text : text.slice(start, end);
}

/**
 * Parses one header line without its CRLF (RFC 9112 §5). A line that begins with whitespace
 * (obs-fold, §5.2) and whitespace before the colon (§5.1) are refused: both were used to smuggle.
 *
 * @returns undefined if the line breaks the grammar.
 */
export function parseHeaderLine(line: string): HeaderLine | undefined {
  const colon = line.indexOf(":");
  if (colon < 1) return undefined;
  const name = line.slice(0, colon);
  const value = trimOws(line.slice(colon + 1));
  return TOKEN.test(name) && FIELD_VALUE.test(value) ? [name, value] : undefined;
}

/** Says whether two field names are the same; cheap for the many that differ in length. */
export function isFieldName(name: string, lowerCase: string): boolean {
  return name.length === lowerCase.length && name.toLowerCase() === lowerCase;
}

function isOws(code: number): boolean {
  return code === SPACE || code === TAB;
}
