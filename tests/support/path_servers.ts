/**
 * Model servers: what each kind of upstream makes of the path of a request before it looks for what to
 * serve. Written after the servers' documents and their advisories, not after our own readings. Pure.
 *
 * @module
 */

/** @returns The path it serves; undefined if it refuses the request. */
export type PathServer = (path: string) => string | undefined;

/** By the name of what they are like. */
export const PATH_SERVERS: Readonly<Record<string, PathServer>> = {
  // Decodes once, then merges slashes and resolves dots.
  nginx: (path) => refuseNul(dots(merge(decode(path)))),
  // Encoded slashes are refused or, as here, let through (AllowEncodedSlashes On).
  apache: (path) => refuseNul(dots(merge(decode(path)))),
  apacheKeepingSlashes: (path) => refuseNul(dots(merge(decode(path.replace(/%2f/gi, "%252f"))))),
  // Path parameters first, then escapes.
  tomcat: (path) => dots(merge(decode(withoutParameters(path)))),
  tomcatWithBackslashes: (path) => dots(merge(slashes(decode(withoutParameters(path))))),
  // Escapes first: a semicolon may have been one.
  jetty: (path) => dots(withoutParameters(decode(decodeUnicode(path)))),
  spring: (path) => merge(withoutParameters(decode(dots(path)))),
  weblogic: (path) => dots(merge(withoutParameters(decode(decode(path))))),
  iis: (path) => windowsNames(dots(merge(slashes(decode(decodeUnicode(path)))))).toLowerCase(),
  iisDecodingTwice: (path) => windowsNames(dots(slashes(decode(decode(path))))).toLowerCase(),
  asp: (path) => dots(slashes(decodeUnicode(decode(path)))).toLowerCase(),
  // The WHATWG URL standard.
  node: (path) => URL.parse(`http://h${path}`)?.pathname,
  express: (path) => decode(URL.parse(`http://h${path}`)?.pathname ?? path).toLowerCase(),
  // Cuts at what an escape hid.
  rewriting: (path) => dots(decode(path).replace(/[?#].*$/s, "")),
  cString: (path) => dots(decode(path).replace(/\0.*$/s, "")),
  lines: (path) => dots(decode(path).replace(/[\r\n].*$/s, "")),
  // UTF-8 as it should not be read, and letters that count as the same.
  lenientUtf8: (path) => dots(overlong(decode(path))),
  unicodeCase: (path) => utf8(decode(path)).toUpperCase().toLowerCase().normalize("NFKC"),
  compatibility: (path) => dots(utf8(decode(path)).normalize("NFKC")),
  // Takes the path for a form, sees no signs without width, and composes letters.
  forms: (path) => dots(utf8(decode(path.replaceAll("+", " "))).normalize("NFC")),
  withoutInvisible: (path) => dots(utf8(decode(path)).replace(/[\u00ad\u200b-\u200f]/g, "")),
  // UTF-8 to which a program in Latin-1 has added its own.
  latin1Names: (path) => fromLatin1(utf8(decode(path))),
};

function decode(path: string): string {
  return path.replace(/%([\da-f]{2})/gi, (_, digits) => String.fromCharCode(parseInt(digits, 16)));
}

/** `%uXXXX`; what is beyond ASCII is taken for its full-width form. */
function decodeUnicode(path: string): string {
  return path.replace(/%u([\da-f]{4})/gi, (_, digits) => {
    const code = parseInt(digits, 16);
    return String.fromCharCode(code >= 0xff01 && code <= 0xff5e ? code - 0xfee0 : code & 0xff);
  });
}

function merge(path: string): string {
  return path.replace(/\/+/g, "/");
}

function slashes(path: string): string {
  return path.replaceAll("\\", "/");
}

function withoutParameters(path: string): string {
  return path.split("/").map((segment) => segment.split(";")[0]).join("/");
}

function windowsNames(path: string): string {
  return path.split("/").map((name) => name.replace(/:(?:[^:]*:)*\$.*$/, "").replace(/[. ]+$/, ""))
    .join("/");
}

/** RFC 3986 §5.2.4, with empty segments kept. */
function dots(path: string): string {
  const kept: string[] = [];
  const segments = path.split("/").slice(1);
  for (const [index, segment] of segments.entries()) {
    const isDot = segment === "." || segment === "..";
    if (segment === "..") kept.pop();
    if (!isDot) kept.push(segment);
    else if (index === segments.length - 1) kept.push("");
  }
  return `/${kept.join("/")}`;
}

/** Takes a character of two or three bytes for what its last seven bits say, as old decoders did. */
function overlong(path: string): string {
  return path.replace(
    /[\xc0\xc1][\x80-\xbf]|\xe0[\x80\x81][\x80-\xbf]/g,
    (bytes) =>
      String.fromCharCode(
        (bytes.charCodeAt(bytes.length - 2) & 1) << 6 |
          bytes.charCodeAt(bytes.length - 1) & 0x3f,
      ),
  );
}

function utf8(bytes: string): string {
  return new TextDecoder().decode(Uint8Array.from(bytes, (each) => each.charCodeAt(0)));
}

function fromLatin1(text: string): string | undefined {
  return /[^\0-\xff]/.test(text) ? undefined : dots(utf8(text));
}

function refuseNul(path: string): string | undefined {
  return path.includes("\0") ? undefined : path;
}
