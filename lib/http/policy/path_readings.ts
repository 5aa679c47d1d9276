/**
 * What servers may take the path of a request for. One decodes `%2f` before it looks for slashes, one
 * after; one resolves `..`, one does not; one drops `;jsessionid=1`, one reads a backslash as a slash.
 * Whoever guards a path has to guard it under each of these readings. Nothing here changes what is
 * forwarded. Pure. Input comes from strangers: each step takes time in proportion to the path's length.
 *
 * @module
 */
import { PATH_READINGS_MAX, PATH_READINGS_MAX_CHARACTERS } from "../../base/limits.ts";
import { foldPathBytes, readTwiceEncoded } from "../../base/path_text.ts";

/** What a server does to a path. */
export type Step = (path: string) => string;

/** What a server may do to a path before it decides. In any order, and more than once. */
const STEPS: readonly Step[] = [
  decode,
  // Apache, told not to decode slashes.
  (path) => decode(path.replaceAll("%2f", "%252f")),
  mergeSlashes,
  removeDotSegments,
  // Windows, and whatever parses with the WHATWG URL standard.
  (path) => path.replaceAll("\\", "/"),
  // Servlet containers (RFC 3986 §3.3 path parameters): "/admin;x/a" and "/..;/a".
  (path) => path.replace(/;[^/]*/g, ""),
  // Decoders of UTF-8 that take a character in more bytes than it needs (RFC 3629 §3 forbids it).
  (path) => path.replace(/(?:[\xc0\xc1]|(?:\xe0|\xf0\x80)[\x80\x81])[\x80-\xbf]/g, decodeOverlong),
  // File systems of Windows: spaces and dots at the end of a name, and streams ("/admin::$data").
  (path) => eachName(path, ENDS_IN_SPACE, trimSpaces),
  (path) => eachName(path, ENDS_IN_SPACE_OR_DOT, trimName),
  (path) => eachName(path, /\$/, cutStream),
  // A server that decodes first and cuts the query off afterwards.
  (path) => path.replace(/[?#].*$/, ""),
];

/** All that matters where paths are compared with ASCII. */
const ASCII_STEPS: readonly Step[] = [...STEPS, foldToAscii];

/** Where letters outside ASCII are told apart. */
export const TEXT_STEPS: readonly Step[] = [...STEPS, readTwiceEncoded];

/** Where letters are not. */
export const FOLDING_STEPS: readonly Step[] = [...TEXT_STEPS, foldToAscii, foldPathBytes];

/** Forms are decoded so, and many a program takes the same function for paths. */
export const readPlusAsSpace: Step = (path) => path.replaceAll("+", " ");

/** What only these do something to. */
const DOUBTFUL_TEXT = /%[89a-f]|\+|%2b/;

const ENDS_IN_SPACE = / (?:\/|$)/;
const ENDS_IN_SPACE_OR_DOT = /[. ](?:\/|$)/;

const DOT_SEGMENT = /\/\.\.?(?:\/|$)/;

/** What only a path with more than one reading holds, once unreserved characters are decoded. */
const DOUBTFUL = joined(
  /\/\/|\/\.\.?(?:\/|$)|[\\;#?]|%(?:25|2f|5c|3b|3f|23)/,
  // Overlong, or folded to ASCII by some.
  /%(?:c[01]|e0%8[01]|f0%80|c4%b[01]|c5%bf|e2%84%aa|ef%b[cd])/,
  // At the end of a name.
  /(?:\.|%20)(?:\/|$)|(?::|%3a)(?:\$|%24)/,
);

/**
 * Lets servers that end a text at NUL, or a line at CR, see less than others do.
 * A byte from 0x80 is one of UTF-8, and no control character whatever latin1 says. `%u0061` is an escape
 * for IIS, and was for Jetty (CVE-2021-34429): of a character that only the server's code page knows.
 */
// deno-lint-ignore no-control-regex
const UNREADABLE = /[\x00-\x1f\x7f]|%(?:[01][\da-f]|7f|u[\da-f]{4})/;

/**
 * Returns the path as everybody reads it who follows RFC 3986: unreserved characters decoded (§6.2.2.2),
 * and in lower case, for some servers do not tell cases apart and a guard must not either.
 *
 * @param path As sent, without query.
 */
export function plainReading(path: string): string {
  return path.replace(/%([2-7][\da-f])/gi, decodeUnreserved).toLowerCase();
}

/** Says whether some server may read a path in another way. @param plain A {@linkcode plainReading}. */
export function isDoubtful(plain: string): boolean {
  return DOUBTFUL.test(plain) || UNREADABLE.test(plain);
}

/** Says whether text of a path may be read in another way. @param plain As for {@linkcode isDoubtful}. */
export function isDoubtfulText(plain: string): boolean {
  return DOUBTFUL_TEXT.test(plain);
}

/**
 * Lists every reading of a path, each once, the plain one first; all, for they are closed under every
 * step. Ends early at what is unreadable, after {@linkcode PATH_READINGS_MAX} readings, and after those
 * that have {@linkcode PATH_READINGS_MAX_CHARACTERS} together.
 *
 * @param plain A {@linkcode plainReading}.
 * @param steps What a server may do. By default, all that matters where paths are compared with ASCII.
 * @returns From the generator: whether these are all, so that a path with more is to be refused.
 */
export function* readingsOf(
  plain: string,
  steps: readonly Step[] = ASCII_STEPS,
): Generator<string, boolean> {
  let characters = 0;
  const seen = new Set([plain]);
  for (const reading of seen) {
    characters += reading.length;
    if (characters > PATH_READINGS_MAX_CHARACTERS || UNREADABLE.test(reading)) return false;
    yield reading;
    for (const step of steps) seen.add(step(reading));
    if (seen.size > PATH_READINGS_MAX) return false;
  }
  return true;
}

/** Says whether some server finds a segment `.` or `..` in a path. @param path As sent, without query. */
export function hasDotSegments(path: string): boolean {
  const plain = plainReading(path);
  if (!isDoubtful(plain)) return false;
  const readings = readingsOf(plain);
  for (let next = readings.next();; next = readings.next()) {
    // What cannot be read in every way may hold anything.
    if (next.done) return !next.value;
    if (DOT_SEGMENT.test(next.value)) return true;
  }
}

/** `unreserved` (RFC 3986 §2.3). */
function decodeUnreserved(escaped: string, digits: string): string {
  const character = String.fromCharCode(parseInt(digits, 16));
  return /[\w.~-]/.test(character) ? character : escaped;
}

/** Each escape once, to a character per byte; what is no escape stays. */
function decode(path: string): string {
  return path.replace(
    /%([\da-f]{2})/gi,
    (_escaped, digits) => inLowerCase(String.fromCharCode(parseInt(digits, 16))),
  );
}

/** Of a character below 0x80 only the last 7 bits say something: one of the last byte but one. */
function decodeOverlong(bytes: string): string {
  const [high, low] = [bytes.charCodeAt(bytes.length - 2), bytes.charCodeAt(bytes.length - 1)];
  return inLowerCase(String.fromCharCode((high & 1) << 6 | (low & 0x3f)));
}

/** Changes the names between the slashes. @param sign Without which none of them would change. */
function eachName(path: string, sign: RegExp, change: (name: string) => string): string {
  return sign.test(path) ? path.split("/").map(change).join("/") : path;
}

function trimSpaces(name: string): string {
  return withoutEnd(name, " ");
}

/** The dots of `.` and `..` mean something. */
function trimName(name: string): string {
  return name === "." || name === ".." ? name : withoutEnd(name, ". ");
}

/** By hand: a pattern would try each run of these characters from each of its places. */
function withoutEnd(name: string, characters: string): string {
  let end = name.length;
  while (end > 0 && characters.includes(name[end - 1])) end--;
  return name.slice(0, end);
}

function cutStream(name: string): string {
  const colon = name.indexOf(":");
  return colon >= 0 && name.includes("$", colon) ? name.slice(0, colon) : name;
}

/**
 * Letters that some servers take for ASCII ones: in UTF-8, those that are the same without regard to
 * case (dotless and dotted I, long s, the Kelvin sign), and the full-width forms (U+FF01 to U+FF5E),
 * which Windows and Unicode's compatibility forms turn into `!` to `~`.
 */
function foldToAscii(path: string): string {
  return path.replace(/\xc4[\xb0\xb1]/g, "i").replace(/\xc5\xbf/g, "s")
    .replace(/\xe2\x84\xaa/g, "k")
    .replace(/\xef(?:\xbc[\x81-\xbf]|\xbd[\x80-\x9e])/g, (bytes) => {
      const code = (bytes.charCodeAt(1) & 1) << 6 | (bytes.charCodeAt(2) & 0x3f);
      return inLowerCase(String.fromCharCode(code + 0x20));
    });
}

/** Of ASCII only: above it there are bytes, and no letters. */
function inLowerCase(character: string): string {
  return character >= "A" && character <= "Z" ? character.toLowerCase() : character;
}

function mergeSlashes(path: string): string {
  return path.replace(/\/{2,}/g, "/");
}

/** RFC 3986 §5.2.4, for a path that begins with a slash. */
function removeDotSegments(path: string): string {
  if (!DOT_SEGMENT.test(path)) return path;
  const kept: string[] = [];
  const segments = path.split("/").slice(1);
  segments.forEach((segment, index) => {
    const isLast = index === segments.length - 1;
    if (segment === "..") kept.pop();
    else if (segment !== ".") kept.push(segment);
    // What ends in a dot segment names a folder.
    if (isLast && (segment === "." || segment === "..")) kept.push("");
  });
  return `/${kept.join("/")}`;
}

function joined(...patterns: readonly RegExp[]): RegExp {
  return new RegExp(patterns.map(({ source }) => source).join("|"));
}
