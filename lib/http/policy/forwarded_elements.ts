/**
 * Reads lists of proxies, as X-Forwarded-For and Forwarded (RFC 7239) hold them, from the right: the
 * last entry is from the proxy that we know, and whatever a stranger has put before it must not change
 * how it is read. Pure. Input comes from strangers.
 *
 * @module
 */
import { type Endpoint, formatUnmappedIp, parseIp } from "../../base/addresses.ts";
import { trimOws } from "../http1/grammar.ts";

/** One entry of Forwarded: what a proxy says of the request it received. */
export interface ForwardedElement {
  /** Who sent it; undefined if that is not told, or not as an IP address. */
  readonly client: Endpoint | undefined;
  readonly host: string | undefined;
  readonly proto: string | undefined;
}

/**
 * Splits a list at its commas, the last entry first. A comma within quotes (RFC 9110 §5.6.4) does not
 * count; quotes that are not closed make what stands before them one entry.
 */
export function* entriesFromRight(list: string): Generator<string> {
  let end = list.length;
  let at = end;
  while (at > 0) {
    at--;
    if (list[at] === '"') at = openingQuote(list, at);
    if (list[at] !== ",") continue;
    yield trimOws(list.slice(at + 1, end));
    end = at;
  }
  yield trimOws(list.slice(0, end));
}

/** @returns Where the quoted text that ends at `closing` begins; 0 if it does not. */
function openingQuote(list: string, closing: number): number {
  let at = closing - 1;
  while (at >= 0 && (list[at] !== '"' || isEscaped(list, at))) at--;
  return Math.max(0, at);
}

function isEscaped(list: string, at: number): boolean {
  let backslashes = 0;
  while (list[at - 1 - backslashes] === "\\") backslashes++;
  return backslashes % 2 === 1;
}

/** A port may be a made-up name (RFC 7239 §6.3). */
const NODE = /^(?:\[([^\]]*)\]|([^:[\]]*))(?::(\d{1,5}|_[\w.-]+))?$/;

/**
 * Parses an address as it occurs in these fields: with or without a port, IPv6 with or without
 * brackets.
 *
 * @returns The address in the one way to write it, port 0 if none is told; undefined for `unknown`, for
 * a made-up name (RFC 7239 §6.3), and for anything else.
 */
export function parseNode(text: string): Endpoint | undefined {
  const match = NODE.exec(parseIp(text)?.length === 16 ? `[${text}]` : text);
  // In brackets stands IPv6 (RFC 3986 §3.2.2); `[192.0.2.1]` occurs all the same, and means no other.
  const bytes = match === null ? undefined : parseIp(match[1] ?? match[2]);
  const port = Number(match?.[3] ?? 0);
  if (bytes === undefined || port > 65_535) return undefined;
  return { ip: formatUnmappedIp(bytes), port: Number.isNaN(port) ? 0 : port };
}

const TOKEN = "[!#$%&'*+\\-.^_`|~0-9A-Za-z]+";
const PAIR = new RegExp(
  `^(${TOKEN})=(?:(${TOKEN})|"((?:[^"\\\\]|\\\\.)*)")(?:[ \\t]*;[ \\t]*(?=.)|$)`,
);

/**
 * Parses one entry of Forwarded (RFC 7239 §4), also with spaces around the semicolons.
 *
 * @returns undefined if it breaks the grammar or gives a parameter twice.
 */
export function parseForwardedElement(text: string): ForwardedElement | undefined {
  const pairs = new Map<string, string>();
  for (let rest = text; rest !== "";) {
    const match = PAIR.exec(rest);
    const name = match?.[1].toLowerCase();
    if (match === null || name === undefined || pairs.has(name)) return undefined;
    pairs.set(name, match[2] ?? match[3].replace(/\\(.)/g, "$1"));
    rest = rest.slice(match[0].length);
  }
  const node = pairs.get("for");
  return {
    client: node === undefined ? undefined : parseNode(node),
    host: pairs.get("host"),
    proto: pairs.get("proto"),
  };
}
