/**
 * The kinds of text a value can be: durations, hosts, listening addresses, URLs, fingerprints. Each
 * says in its own words what is wrong and what would be right. Pure.
 *
 * @module
 */
import { z } from "zod";
import {
  formatHostPort,
  formatUnmappedIp,
  parseAddress,
  parseIp,
  type TcpAddress,
} from "../base/addresses.ts";
import { TIMER_MAX_MS } from "../base/clock.ts";
import { formatDuration, parseDuration } from "../base/durations.ts";
import {
  type HostPattern,
  isIpLiteral,
  normalizeHostname,
  parseHostPattern,
} from "../base/hostnames.ts";
import { quote } from "./problem.ts";

/** What a text means, or what is wrong with it. `state` is followed by what is expected. */
export type Reading<T> =
  | { readonly kind: "value"; readonly value: T }
  | { readonly kind: "problem"; readonly state: string; readonly hint?: string };

/**
 * Makes the message of a value of the wrong kind.
 *
 * @param wanted What is expected, such as `a list of names`.
 * @param options `numberState` replaces "wrong type" for a bare number.
 */
export function expecting(wanted: string, options: { numberState?: string } = {}) {
  return (issue: { readonly code?: string; readonly input?: unknown }): string =>
    `${stateOf(issue, options.numberState)}, expected ${wanted}`;
}

function stateOf(issue: { code?: string; input?: unknown }, numberState = "wrong type"): string {
  if (issue.input === undefined) return "is missing";
  if (issue.input === null) return "value is missing";
  if (typeof issue.input === "number" && issue.code !== "invalid_value") return numberState;
  if (issue.code === "too_small") return "it is empty";
  if (issue.code === "too_big") return "it is too long";
  const isChoice = issue.code === "invalid_value" && typeof issue.input !== "object";
  return isChoice ? "value is not known" : "wrong type";
}

/**
 * Makes the schema of a text.
 *
 * @param wanted What is expected, for messages.
 * @param options `pattern` is for editors only; `numberState` as in {@linkcode expecting}; `isSecret`:
 * no message shows the text.
 */
export function text<T>(
  wanted: string,
  parse: (text: string) => Reading<T>,
  options: { pattern?: string; numberState?: string; isSecret?: boolean } = {},
) {
  return z.string({ error: expecting(wanted, options) })
    .meta(options.pattern === undefined ? {} : { pattern: options.pattern })
    .transform((input, context) => {
      const reading = parse(input);
      if (reading.kind === "value") return reading.value;
      const message = `${reading.state}, expected ${wanted}`;
      const { hint } = reading;
      context.addIssue({ code: "custom", message, params: { hint, isSecret: options.isSecret } });
      return z.NEVER;
    });
}

function value<T>(of: T): Reading<T> {
  return { kind: "value", value: of };
}

function problem(state: string, hint?: string): { kind: "problem"; state: string; hint?: string } {
  return { kind: "problem", state, hint };
}

/** Milliseconds, 1 to {@linkcode TIMER_MAX_MS}, from text such as `5s`. */
export const Duration = text('a duration such as "5s" or "250ms"', readDuration, {
  pattern: "^\\d+(\\.\\d+)? ?(ms|s|m|min|h|d)$",
  numberState: "unit is missing",
});

const DAY_MS = 86_400_000;
const TOO_LONG = `it is longer than ${formatDuration(Math.floor(TIMER_MAX_MS / DAY_MS) * DAY_MS)}`;

function readDuration(input: string): Reading<number> {
  const ms = parseDuration(input);
  if (ms === undefined) return readNoDuration(input);
  // Every wait has a limit, and a limit of nothing would let nothing happen.
  if (ms < 1) return problem("it is shorter than a millisecond");
  return ms <= TIMER_MAX_MS ? value(ms) : problem(TOO_LONG);
}

function readNoDuration(input: string): Reading<number> {
  const unit = /^\d+(?:\.\d+)? ?([a-zA-Z]*)$/.exec(input.trim())?.[1];
  if (unit === undefined) return problem("it is not a duration");
  if (unit === "") return problem("unit is missing");
  // With a unit that is known, the number is what cannot be held.
  if (parseDuration(`1${unit}`) !== undefined) return problem(TOO_LONG);
  return problem(`unit ${quote(unit)} is not known`);
}

/** A host of a route. */
export const Host = text(
  'a hostname such as "app.example.org" or "*.example.org"',
  readHost,
);

function readHost(input: string): Reading<HostPattern> {
  if (input === "") return problem("it is empty");
  if (isIpLiteral(input)) {
    return problem("it is an IP address", 'clients that name no host reach the route of "*"');
  }
  // A URL or an address is what people paste here: it gets an answer of its own.
  if (/[/:?#@\\\s]/.test(input)) return readDecoratedHost(input);
  if (input.replace(/^\*(?:\.|$)/, "").includes("*")) {
    return problem('"*" stands for more or less than the first label');
  }
  const pattern = parseHostPattern(input);
  return pattern === undefined ? problem("it is not a hostname") : value(pattern);
}

function readDecoratedHost(input: string): Reading<HostPattern> {
  const bare = /^(?:[a-z]+:\/\/)?([^/:?#@\\\s]+)(?::\d*)?(?:\/.*)?$/i.exec(input)?.[1];
  const pattern = bare === undefined ? undefined : parseHostPattern(bare);
  return problem("it is more than a hostname", pattern && `write ${quote(bare!)}`);
}

/** A public address. An empty host (`:443`) means every interface. */
export const ListenAddress = text(
  'an address such as ":443", "[::]:443" or "192.0.2.1:443"',
  readListenAddress,
  { numberState: "it is only a port" },
);

function readListenAddress(input: string): Reading<TcpAddress> {
  if (/^\d+$/.test(input)) return problem("it is only a port", `write ${quote(`:${input}`)}`);
  const address = parseAddress(input);
  if (address.kind === "unix") return problem("it is not a TCP address");
  if (address.kind === "problem") {
    const ip = input.replace(/^\[(.*)\]$/, "$1");
    const hint = `write ${quote(formatHostPort(ip, 443))}`;
    return problem(address.problem, parseIp(ip) === undefined ? undefined : hint);
  }
  const ip = canonicalIp(address.hostname);
  if (ip !== undefined) return value({ ...address, hostname: ip });
  const meant = ({ localhost: "127.0.0.1", "*": "" } as Record<string, string>)[address.hostname];
  const hint = meant === undefined ? undefined : `write ${quote(`${meant}:${address.port}`)}`;
  return problem("host is not an IP address", hint);
}

/** @returns The one way to write this IP address; undefined if it is none. */
export function canonicalIp(ip: string): string | undefined {
  const bytes = parseIp(ip);
  return bytes === undefined ? undefined : formatUnmappedIp(bytes);
}

/** Where a redirect leads. */
export const RedirectTarget = text('a URL such as "https://new.example.org"', readRedirectTarget, {
  pattern: "^https?://",
});

/** Reads the URL that a redirect leads to: without credentials and fragment. */
export function readRedirectTarget(input: string): Reading<URL> {
  if (!/^https?:\/\/[^/]/i.test(input)) {
    return problem('it does not begin with "https://" or "http://"');
  }
  const url = URL.parse(input);
  if (url === null) {
    const port = /^[^/]*\/\/[^/?#]*:(\d+)(?:[/?#]|$)/.exec(input)?.[1];
    return problem(Number(port) > 65_535 ? "its port is out of range" : "it is not a URL");
  }
  if (url.username !== "" || url.password !== "") return problem("it holds credentials");
  if (url.hash !== "") return problem("it has a fragment");
  // Without a path the request's own path and query are kept, so that a query would have two sources.
  if (url.search !== "" && url.pathname === "/") return problem("it has a query but no path");
  return value(url);
}

/** The URL of an ACME directory, from a short name or a URL. */
export const AcmeDirectory = text(
  '"letsencrypt", "letsencrypt-staging" or an https URL',
  readAcmeDirectory,
);

const ACME_DIRECTORIES: Readonly<Record<string, string>> = {
  "letsencrypt": "https://acme-v02.api.letsencrypt.org/directory",
  "letsencrypt-staging": "https://acme-staging-v02.api.letsencrypt.org/directory",
};

/** The directory that is used where none is given. */
export const DEFAULT_ACME_DIRECTORY = ACME_DIRECTORIES["letsencrypt"];

function readAcmeDirectory(input: string): Reading<string> {
  if (Object.hasOwn(ACME_DIRECTORIES, input)) return value(ACME_DIRECTORIES[input]);
  if (!input.includes("://")) return problem("name is not known");
  const url = URL.parse(input);
  if (url === null || url.hostname === "") return problem("it is not a URL");
  // RFC 8555 §6.1: HTTPS only; keys and accounts are at stake.
  if (url.protocol !== "https:") return problem("it is not an https URL");
  return url.username === "" ? value(url.href) : problem("it holds credentials");
}

/** An e-mail address, checked no further than mistakes go: the directory decides. */
export const Email = text(
  'an e-mail address such as "me@example.org"',
  (input): Reading<string> => {
    if (/^[^\s@:]+@[^\s@]+\.[^\s@]+$/.test(input)) return value(input);
    const bare = /^mailto:(.*)$/.exec(input)?.[1];
    return problem("it is not an e-mail address", bare && `write ${quote(bare)}`);
  },
);

/** SHA-256 of a certificate as 64 lower-case hex digits, from `AA:BB:…` or plain hex. */
export const Fingerprint = text(
  'the SHA-256 fingerprint of a certificate, 64 hex digits such as "AA:BB:…" or "aabb…"',
  (input): Reading<string> => {
    const digits = input.replace(/^sha-?256[:=]/i, "").replaceAll(":", "").toLowerCase();
    if (!/^[0-9a-f]*$/.test(digits)) return problem("it is not hexadecimal");
    return digits.length === 64 ? value(digits) : problem(`it has ${digits.length} hex digits`);
  },
  { numberState: "it is read as a number" },
);

/** One exact hostname, normalized. */
export const Hostname = text('a hostname such as "app.example.org"', (input): Reading<string> => {
  const hostname = normalizeHostname(input);
  return hostname === undefined ? problem("it is not a hostname") : value(hostname);
});

/** The path of a file or folder, as written. */
export const FilePath = text("a path", (input): Reading<string> => {
  if (input === "") return problem("it is empty");
  if (input.includes("\0")) return problem("it holds a zero byte");
  return input.includes("://") ? problem("it is a URL") : value(input);
});

/** The path of a request, with a query if need be (RFC 9112 §3.2.1). */
export const RequestPath = text('a path such as "/health"', readRequestPath, { pattern: "^/" });

/** Reads a path with or without a query, of visible ASCII. */
export function readRequestPath(input: string): Reading<string> {
  if (!input.startsWith("/")) return problem('it does not begin with "/"');
  if (input.includes("#")) return problem("it has a fragment");
  return /^[!-~]+$/.test(input) ? value(input) : problem("it holds more than visible ASCII");
}

/** A cookie's name (RFC 6265 §4.1.1: a token). */
export const CookieName = text(
  'a name such as "server"',
  (input): Reading<string> => {
    if (/^[\w!#$%&'*+.^`|~-]+$/.test(input)) return value(input);
    return problem(input === "" ? "it is empty" : "it cannot be a cookie's name");
  },
);
