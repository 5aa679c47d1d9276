/**
 * The text of a request's path: what a person reads where the request has escapes of UTF-8. In two
 * forms: as whoever follows the standards reads it, and folded, in which all that some server takes for
 * the same is the same. Pure. Input comes from strangers: each function takes time in proportion to it.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { PATH_MARKS_MAX } from "./limits.ts";

/** Stands for bytes that are no UTF-8. */
export const UNKNOWN_LETTER = "\ufffd";

/** What servers do not see: file systems of macOS and Linux leave it out where case does not count. */
const IGNORED = /\p{Default_Ignorable_Code_Point}/gu;

/** All but control characters and what divides a path: `%`, `/`, `\`, `;`, `?` and `#`. */
const ESCAPED = /%(2[01246-9a-e]|3[0-9ac-e]|[46][\da-f]|5[0-9abd-f]|7[0-9a-e]|[89a-f][\da-f])/gi;
const MARKS = /\p{M}+/gu;
const BEYOND_ASCII = /[^\0-\x7f]/;

/**
 * Reads what is escaped and divides nothing: signs, spaces, and letters outside ASCII, these in NFC and
 * lower case.
 *
 * @param path A character per byte, in lower case as far as it is ASCII; what is escaped and what is
 * not counts the same.
 * @returns With {@linkcode UNKNOWN_LETTER} where the bytes are no UTF-8 (RFC 3629); undefined if more
 * marks stand in a row than any text has, for putting them in order takes the square of their number.
 */
export function readPathText(path: string): string | undefined {
  const bytes = path.replace(ESCAPED, (_escaped, digits) => byte(parseInt(digits, 16)));
  if (!BEYOND_ASCII.test(bytes)) return bytes;
  const text = decodeUtf8(bytes);
  if (text.match(MARKS)?.some((run) => run.length > PATH_MARKS_MAX)) return undefined;
  return normalizePathText(text);
}

/** Returns a text in NFC (Unicode Standard Annex 15) and lower case. */
export function normalizePathText(text: string): string {
  return text.toLowerCase().normalize("NFC");
}

/**
 * Folds a text as far as any server does: full case folding (`ß` is `ss`, on APFS and ext4),
 * compatibility forms (`ﬁ` is `fi`, NFKC), what is not seen left out, `+` for a space as in forms.
 * Folding twice changes nothing.
 */
export function foldPathText(text: string): string {
  return foldLetters(text).replaceAll("+", " ");
}

function foldLetters(text: string): string {
  if (!BEYOND_ASCII.test(text)) return text;
  return text.normalize("NFKD").replace(IGNORED, "")
    // Both ways: `ſ` becomes `s` by upper case alone.
    .toLowerCase().toUpperCase().toLowerCase()
    // Of the same sigma; and what Turkish has for `i`.
    .replaceAll("ς", "σ").replace(/i\u0307+/g, "i")
    .normalize("NFKC");
}

/** {@linkcode foldPathText} of a character per byte, `+` left as it is. */
export function foldPathBytes(path: string): string {
  return BEYOND_ASCII.test(path) ? encodeUtf8(foldLetters(decodeUtf8(path))) : path;
}

/**
 * Reads each name in bytes that are the UTF-8 of Latin-1 characters which are UTF-8 themselves, as
 * programs do that name their files in Latin-1. Any other name stays.
 *
 * @param path A character per byte.
 */
export function readTwiceEncoded(path: string): string {
  return TWICE_ENCODED.test(path) ? path.replace(NAMES, readOnce) : path;
}

const TWICE_ENCODED = /\xc3[\x80-\xbf]\xc2[\x80-\xbf]/;
const NAMES = /[^/]+/g;
const LATIN1_LETTERS = /[\xc2\xc3][\x80-\xbf]/g;

function readOnce(name: string): string {
  if (!TWICE_ENCODED.test(name)) return name;
  const once = name.replace(
    LATIN1_LETTERS,
    (pair) => byte((pair.charCodeAt(0) & 3) << 6 | (pair.charCodeAt(1) & 0x3f)),
  );
  return decodeUtf8(once).includes(UNKNOWN_LETTER) ? name : once;
}

/** Escapes a text for a request: spaces and what is no ASCII; escapes that it has stay (RFC 3986 §2.1). */
export function encodePathText(text: string): string {
  return text.replace(/[^!-~]+/g, (part) => encodeURIComponent(part.toWellFormed()));
}

function decodeUtf8(bytes: string): string {
  return Buffer.from(bytes, "latin1").toString("utf8");
}

function encodeUtf8(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1");
}

function byte(code: number): string {
  return String.fromCharCode(code);
}
