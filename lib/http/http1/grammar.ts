/**
 * The characters HTTP/1.1 is made of: tokens, field values and request targets, the same for requests
 * and responses. Strict: what another reader could understand otherwise is
 * refused, not repaired. Says nothing about what a field means; see `framing.ts`. Pure. Input comes
 * from strangers, as latin1 text.
 *
 * @module
 */
const REQUEST_TARGET = /^[\x21-\x7e]+$/;

const TAB = 0x09;
const SPACE = 0x20;

/** What a capital letter lacks of its small one. */
const SMALL = 0x20;

/** What a character may stand in, by its code: a token, a field value, both or neither. */
const IN_TOKEN = 1;
const IN_FIELD_VALUE = 2;
const USES = Uint8Array.from({ length: 256 }, (_, code) => {
  const inToken = /[!#$%&'*+\-.^_`|~0-9A-Za-z]/.test(String.fromCharCode(code)) ? IN_TOKEN : 0;
  const isControl = code < SPACE && code !== TAB || code === 0x7f;
  return inToken | (isControl ? 0 : IN_FIELD_VALUE);
});

/** Says whether a character can stand in a token (RFC 9110 §5.6.2). @param code From 0. */
export function isTokenCode(code: number): boolean {
  return (USES[code] & IN_TOKEN) !== 0;
}

/** Says whether a character can stand in a field value, see {@linkcode isFieldValue}. @param code From 0. */
export function isFieldValueCode(code: number): boolean {
  return (USES[code] & IN_FIELD_VALUE) !== 0;
}

/** Returns where the token that begins at `from` ends: `from` itself if there is none. */
export function endOfToken(text: string, from: number): number {
  let end = from;
  while (end < text.length && isTokenCode(text.charCodeAt(end))) end++;
  return end;
}

/** Returns where what can stand in a field value ends, from `from` on. */
export function endOfFieldValue(text: string, from: number): number {
  let end = from;
  while (end < text.length && isFieldValueCode(text.charCodeAt(end))) end++;
  return end;
}

/** Says whether the text is a token: a method or a field name (RFC 9110 §5.6.2). */
export function isToken(text: string): boolean {
  return text !== "" && endOfToken(text, 0) === text.length;
}

/**
 * Says whether the text can stand in a field value or a reason phrase (RFC 9110 §5.5): tabs, visible
 * ASCII, spaces and bytes from 0x80. CR, LF and NUL would let a value become a line of its own.
 */
export function isFieldValue(text: string): boolean {
  return endOfFieldValue(text, 0) === text.length;
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
  return sliceTrimmed(text, 0, text.length);
}

/** Returns the text from `from` to `to` without the whitespace at both ends, see {@linkcode trimOws}. */
export function sliceTrimmed(text: string, from: number, to: number): string {
  let start = from;
  let end = to;
  while (start < end && isOws(text.charCodeAt(start))) start++;
  while (end > start && isOws(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

/**
 * Says whether two field names are the same; cheap for the many that differ in length or in their first
 * character.
 *
 * @param lowerCase Begins with a letter.
 */
export function isFieldName(name: string, lowerCase: string): boolean {
  return name.length === lowerCase.length &&
    (name.charCodeAt(0) | SMALL) === lowerCase.charCodeAt(0) && name.toLowerCase() === lowerCase;
}

function isOws(code: number): boolean {
  return code === SPACE || code === TAB;
}
