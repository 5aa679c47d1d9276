/**
 * The kinds of text that policies are made of: sizes, blocks of addresses, field names and values,
 * long durations, page files. Pure.
 *
 * @module
 */
import { isIPv4 } from "node:net";
import { type Cidr, formatCidr, parseCidr } from "../base/cidr.ts";
import { parseDuration } from "../base/durations.ts";
import { normalizeHostname } from "../base/hostnames.ts";
import { parseIp } from "../base/addresses.ts";
import { parseSize } from "../base/sizes.ts";
import {
  type HeaderPlaceholder,
  type HostHeaderConfig,
  type TemplatePart,
} from "./message_policies.ts";
import { formatChoice, quote } from "./problem.ts";
import { canonicalIp, type Reading, text } from "./scalars.ts";

/** Bytes, from text such as `10MB`. */
export const Size = text('a size such as "10MB" or "512KiB"', readSize, {
  pattern: "^\\d+(\\.\\d+)? ?[kKmMgGtT]?i?[bB]$",
  numberState: "unit is missing",
});

function readSize(input: string): Reading<number> {
  const bytes = parseSize(input);
  if (bytes !== undefined) return { kind: "value", value: bytes };
  const [, number, unit] = /^(\d+(?:\.\d+)?) ?([a-zA-Z]*)$/.exec(input.trim()) ?? [];
  if (number === undefined) return problem("it is not a size");
  if (unit === "") return problem("unit is missing");
  if (parseSize(`1${unit}`) !== undefined) return problem("it is too large");
  const meant = parseSize(`1${unit}B`) === undefined ? undefined : `write ${quote(`${input}B`)}`;
  return problem(`unit ${quote(unit)} is not known`, meant);
}

/** `max_body_size`: bytes, or Infinity. */
export const BodySize = text(
  'a size such as "10MB", or "unlimited"',
  (input) => input === "unlimited" ? { kind: "value", value: Infinity } : readSize(input),
  { numberState: "unit is missing" },
);

/** A block of IP addresses, or one address. */
export const CidrBlock = text(
  'a block of IP addresses such as "10.0.0.0/8" or "2001:db8::/32"',
  readCidr,
);

function readCidr(input: string): Reading<Cidr> {
  const cidr = parseCidr(input);
  if (cidr === undefined) return problem("it is not a block of IP addresses");
  // Bits behind the prefix are a slip: of the address, or of the prefix.
  const isExact = canonicalIp(input.replace(/\/.*$/, "")) === canonicalIp(cidr.ip);
  if (isExact) return { kind: "value", value: cidr };
  return problem("it has bits behind its prefix", `write ${quote(formatCidr(cidr))}`);
}

/** Milliseconds, 0 included, from text such as `1y`: for what is told to others, not waited for. */
export const Lifetime = text('a duration such as "1y" or "30d"', (input): Reading<number> => {
  const ms = parseDuration(input);
  if (ms === undefined) {
    return problem(/^[\d.]+$/.test(input) ? "unit is missing" : "it is not a duration");
  }
  return ms % 1_000 === 0 ? { kind: "value", value: ms } : problem("it is not in whole seconds");
}, {
  pattern: "^\\d+(\\.\\d+)? ?(ms|s|m|min|h|d|y)$",
  numberState: "unit is missing",
});

/** Says whether the text can be a field name: a token (RFC 9110 §5.1, §5.6.2). */
export function isHeaderName(input: string): boolean {
  return /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(input);
}

/** A field name. */
export const HeaderName = text('a header name such as "X-Powered-By"', (input): Reading<string> => {
  if (isHeaderName(input)) return { kind: "value", value: input };
  return problem(input === "" ? "it is empty" : "it cannot be a header name");
});

/** A field value, with placeholders. */
export const HeaderValue = text("text for a header", readHeaderValue, {
  numberState: "it is read as a number",
});

/** RFC 9110 §5.5: new values are made of visible ASCII, spaces and tabs. CR and LF would end the line. */
function readHeaderValue(input: string): Reading<readonly TemplatePart[]> {
  if (!/^[\t\x20-\x7e]*$/.test(input)) {
    return problem("it holds a character that a header cannot have");
  }
  if (input.trim() !== input) return problem("it begins or ends with a space");
  return readTemplate(input);
}

const HEADER_PLACEHOLDERS: readonly HeaderPlaceholder[] = ["client_ip", "host", "scheme"];

/** Braces around anything but a word, as in JSON, are text. */
function readTemplate(input: string): Reading<readonly TemplatePart[]> {
  const parts: TemplatePart[] = [];
  for (const piece of input.split(/(\{[a-z_]+\})/)) {
    if (!/^\{[a-z_]+\}$/.test(piece)) {
      if (piece !== "") parts.push(piece);
      continue;
    }
    const placeholder = piece.slice(1, -1) as HeaderPlaceholder;
    if (!HEADER_PLACEHOLDERS.includes(placeholder)) {
      const known = formatChoice(HEADER_PLACEHOLDERS.map((name) => `{${name}}`));
      return problem(`placeholder ${quote(piece)} is not known`, `write ${known}`);
    }
    parts.push({ placeholder });
  }
  return { kind: "value", value: parts };
}

/** `host_header`: a host with or without a port (RFC 9110 §7.2), beside the words that choose one. */
export const HostHeader = text(
  '"keep", "upstream" or a host such as "app.lan"',
  readHostHeader,
  { numberState: "it is read as a number" },
);

function readHostHeader(input: string): Reading<HostHeaderConfig | { readonly kind: "keep" }> {
  if (input === "keep" || input === "upstream") return { kind: "value", value: { kind: input } };
  const lowerCase = input.toLowerCase();
  if (lowerCase === "keep" || lowerCase === "upstream") {
    return problem("it is not in lower case", `write ${quote(lowerCase)}`);
  }
  const [, ipv6, name, port = "0"] = /^(?:\[([^\]]*)\]|([^:[\]]+))(?::(\d{1,5}))?$/.exec(input) ??
    [];
  const isHost = ipv6 === undefined
    ? name !== undefined && (isIPv4(name) || normalizeHostname(name) !== undefined)
    : parseIp(ipv6)?.length === 16;
  if (isHost && Number(port) <= 65_535) {
    return { kind: "value", value: { kind: "fixed", value: input } };
  }
  return problem("it is not a host");
}

/** Files that are sent as answers, by their ending. */
const PAGE_ENDINGS = [".html", ".htm", ".txt", ".json"];

/** The path of a page, as written; the ending tells its type. */
export const PageFile = text(
  'a file such as "error.html", or one that ends in ".txt" or ".json"',
  (input): Reading<string> => {
    if (input === "") return problem("it is empty");
    if (input.includes("\0")) return problem("it holds a zero byte");
    if (input.includes("://")) return problem("it is a URL");
    const isPage = PAGE_ENDINGS.some((ending) => input.toLowerCase().endsWith(ending));
    return isPage ? { kind: "value", value: input } : problem("its ending tells no type");
  },
);

function problem(state: string, hint?: string): { kind: "problem"; state: string; hint?: string } {
  return { kind: "problem", state, hint };
}
