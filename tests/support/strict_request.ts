/**
 * A second opinion on where an HTTP/1.1 request ends: a strict parser that shares nothing with the one
 * under test (regular expressions over the whole text). What it takes, every server reads in the same
 * way; all else is `bad`. Pure.
 *
 * @module
 */

/** A request whose head is whole. */
export interface StrictRequest {
  readonly kind: "request";
  readonly method: string;
  /** Origin form or `*`; what an absolute target asks for. */
  readonly target: string;
  /** Of an absolute target, else of the one Host line. */
  readonly host: string;
  /** Without the empty space around the values. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Decoded; as far as it has come. */
  readonly body: string;
  readonly trailers: readonly (readonly [name: string, value: string])[];
  /** `part`: more has to come; `broken`: it never ends. */
  readonly bodyState: "whole" | "part" | "broken";
  /** Where the next request begins; counts for a whole body. */
  readonly end: number;
}

/** What stands at a place of a stream. */
export type StrictResult =
  | StrictRequest
  | { readonly kind: "more" }
  | { readonly kind: "bad"; readonly reason: string };

const TOKEN = "[!#$%&'*+\\-.^_`|~0-9A-Za-z]+";
const LINE = new RegExp(`(${TOKEN}):([\\t\\x20-\\x7e\\x80-\\xff]*)\\r\\n`, "y");
const START = new RegExp(`(${TOKEN}) ([\\x21-\\x7e]+) HTTP/1\\.([01])\\r\\n`, "y");
const SIZE = /([0-9A-Fa-f]{1,13})(?:[\t ]*;[\t\x20-\x7e\x80-\xff]*)?\r\n/y;
const HOST = /^(?:\[[\dA-Fa-f:.]+\]|[\w.~!$&'()*+,;=%-]+)(?::\d{0,5})?$/;

/** Reads the request that begins at `from`. */
export function readStrictRequest(text: string, from: number): StrictResult {
  const headEnd = text.indexOf("\r\n\r\n", from);
  const start = matchAt(START, text, from);
  if (headEnd < 0) {
    return text.indexOf("\n", from) < 0 || start !== undefined
      ? { kind: "more" }
      : bad("start line");
  }
  if (start === undefined) return bad("start line");
  const section = readLines(text, start.end);
  if (section === undefined) return bad("header lines");
  const [, method, written, version] = start.match;
  const asked = readTarget(method, written, section.lines);
  if (typeof asked === "string") return bad(asked);
  const body = readBody(text, section, version);
  if (typeof body === "string") return bad(body);
  return { kind: "request", method, ...asked, headers: section.lines, ...body };
}

/** Reads requests from the start of a client's stream for as long as they are good and whole. */
export function readStrictStream(text: string): StrictRequest[] {
  const requests: StrictRequest[] = [];
  for (let at = 0; at < text.length;) {
    // RFC 9112 §2.2: one empty line before a request is ignored.
    if (text.startsWith("\r\n", at)) at += 2;
    const next = readStrictRequest(text, at);
    if (next.kind !== "request") break;
    requests.push(next);
    if (next.bodyState !== "whole") break;
    at = next.end;
  }
  return requests;
}

interface Lines {
  readonly lines: (readonly [string, string])[];
  readonly end: number;
}

/** @returns undefined if a line breaks the grammar, or the section does not end. */
function readLines(text: string, from: number): Lines | undefined {
  const lines: (readonly [string, string])[] = [];
  for (let at = from;;) {
    if (text.startsWith("\r\n", at)) return { lines, end: at + 2 };
    const line = matchAt(LINE, text, at);
    if (line === undefined) return undefined;
    lines.push([line.match[1], line.match[2].replace(/^[\t ]+|[\t ]+$/g, "")]);
    at = line.end;
  }
}

function readTarget(
  method: string,
  written: string,
  lines: Lines["lines"],
): { target: string; host: string } | string {
  const hosts = valuesOf(lines, "host");
  if (hosts.length !== 1 || !HOST.test(hosts[0])) return "Host";
  const [host] = hosts;
  if (written.includes("#")) return "fragment";
  if (written.startsWith("/")) return { target: written, host };
  if (written === "*") return method === "OPTIONS" ? { target: "*", host } : "target";
  const absolute = /^https?:\/\/([^/?]*)(.*)$/i.exec(written);
  if (absolute === null || !HOST.test(absolute[1])) return "target";
  const [, authority, rest] = absolute;
  if (rest === "") return { target: method === "OPTIONS" ? "*" : "/", host: authority };
  return { target: rest.startsWith("/") ? rest : `/${rest}`, host: authority };
}

type BodyParts = Pick<StrictRequest, "body" | "trailers" | "bodyState" | "end">;

function readBody(text: string, { lines, end }: Lines, version: string): BodyParts | string {
  const lengths = valuesOf(lines, "content-length");
  const codings = valuesOf(lines, "transfer-encoding");
  if (codings.length > 0) {
    const isPlain = codings.length === 1 && codings[0].toLowerCase() === "chunked";
    if (!isPlain || lengths.length > 0 || version === "0") return "Transfer-Encoding";
    return readChunks(text, end);
  }
  if (lengths.length > 1 || !/^\d{1,15}$/.test(lengths[0] ?? "0")) return "Content-Length";
  const length = Number(lengths[0] ?? 0);
  const body = text.slice(end, end + length);
  const bodyState = body.length === length ? "whole" : "part";
  return { body, trailers: [], bodyState, end: end + length };
}

function readChunks(text: string, from: number): BodyParts {
  let body = "";
  for (let at = from;;) {
    const cut = (bodyState: "part" | "broken") => ({ body, trailers: [], bodyState, end: at });
    const size = matchAt(SIZE, text, at);
    if (size === undefined) return cut(text.includes("\n", at) ? "broken" : "part");
    const count = parseInt(size.match[1], 16);
    if (count === 0) {
      const section = readLines(text, size.end);
      if (section !== undefined) {
        return { body, trailers: section.lines, bodyState: "whole", end: section.end };
      }
      return cut(text.includes("\r\n\r\n", size.end) ? "broken" : "part");
    }
    body += text.slice(size.end, size.end + count);
    at = size.end + count + 2;
    const mark = text.slice(at - 2, at);
    if (mark !== "\r\n") return cut("\r\n".startsWith(mark) ? "part" : "broken");
  }
}

function valuesOf(lines: Lines["lines"], wanted: string): string[] {
  return lines.filter(([name]) => name.toLowerCase() === wanted).map(([, value]) => value);
}

function matchAt(pattern: RegExp, text: string, at: number) {
  pattern.lastIndex = at;
  const match = pattern.exec(text);
  return match === null ? undefined : { match, end: pattern.lastIndex };
}

function bad(reason: string): StrictResult {
  return { kind: "bad", reason };
}
