/**
 * What may stand where a server is named: `host:port`, a URL, `unix:/path`, `sample`; which of them
 * depends on what is spoken to the server. Pure.
 *
 * @module
 */
import { isIPv6 } from "node:net";
import {
  type Address,
  formatHostPort,
  parseAddress,
  type TcpAddress,
  type UnixAddress,
} from "../base/addresses.ts";
import { normalizeHostname } from "../base/hostnames.ts";
import type { SampleAddress, ServerConfig } from "./config.ts";
import { quote } from "./problem.ts";
import { canonicalIp, type Reading, text } from "./scalars.ts";

/** A server without its PROXY header. */
export type ServerAddress = Pick<ServerConfig, "address" | "scheme">;

/** What the text is read for: it decides which forms make sense. */
type ServerUse = "passthrough" | "offload" | "http_upstream";

/** `sun_path` holds 108 bytes with the final zero, see unix(7); other systems have a few less. */
const UNIX_PATH_MAX_BYTES = 107;

/** What a route's server may be, for messages. */
export const SERVER_WANTED = {
  passthrough: '"host:port"',
  offload: 'a URL such as "http://10.0.0.1:3000"',
} as const;

/**
 * Parses the address of one of a route's servers, normalized. A URL's port may be left out.
 *
 * @returns What is wrong, with what is expected, if it is none.
 */
export function parseServerAddress(
  text: string,
  mode: "passthrough" | "offload",
): Reading<ServerAddress> {
  const reading = readServerAddress(text, mode);
  if (reading.kind === "value") return reading;
  return { ...reading, state: `${reading.state}, expected ${SERVER_WANTED[mode]}` };
}

/** Where a passthrough route's plain HTTP goes: `host:port`, `http://host`, or as for servers. */
export const HttpUpstream = text(
  'an address such as "10.0.0.1:80"',
  (input) => readServerAddress(input, "http_upstream"),
);

function readServerAddress(text: string, use: ServerUse): Reading<ServerAddress> {
  const plain = use === "passthrough" ? "tcp" : "http";
  if (text === "") return problem("it is empty");
  if (text === "sample") return found<SampleAddress>({ kind: "sample" }, plain);
  if (text.startsWith("unix:")) return readUnix(text, plain);
  const url = /^([a-z][a-z0-9+.-]*):\/\/(.*)$/is.exec(text);
  if (url !== null) return readUrl(url[1].toLowerCase(), url[2], use);
  if (use === "offload") return readBareForOffload(text);
  const host = readHostPort(text, {
    portIfMissing: undefined,
    examplePort: plain === "tcp" ? 443 : 80,
  });
  return host.kind === "value" ? found(host.value, plain) : host;
}

function readUnix(text: string, scheme: "tcp" | "http"): Reading<ServerAddress> {
  const path = text.slice("unix:".length);
  if (!path.startsWith("/") || path.includes("\0")) {
    return problem('path is not absolute, as in "unix:/run/app.sock"');
  }
  const length = new TextEncoder().encode(path).length;
  if (length > UNIX_PATH_MAX_BYTES) {
    return problem(`path has ${length} bytes, and a socket's path at most ${UNIX_PATH_MAX_BYTES}`);
  }
  return found<UnixAddress>({ kind: "unix", path }, scheme);
}

function readUrl(scheme: string, rest: string, use: ServerUse): Reading<ServerAddress> {
  const bare = /^[^/?#@]*/.exec(rest)![0];
  if (use === "passthrough") {
    const address = bare.includes(":") && !bare.endsWith("]") ? bare : `${bare}:443`;
    return problem(
      "it is a URL",
      bare === "" ? undefined : `write ${quote(address)}, or set "mode: offload"`,
    );
  }
  const isHttp = scheme === "http";
  if (!isHttp && (scheme !== "https" || use === "http_upstream")) {
    return problem(`${quote(scheme)} is not spoken to this server`);
  }
  const hint = bare === "" ? undefined : `write ${quote(`${scheme}://${bare}`)}`;
  if (rest.includes("@")) return problem("it holds credentials");
  if (/[?#]/.test(rest)) return problem("it has a query or a fragment", hint);
  if (rest !== bare && rest !== `${bare}/`) return problem("it has a path", hint);
  const portIfMissing = isHttp ? 80 : 443;
  const host = readHostPort(bare, {
    portIfMissing,
    examplePort: portIfMissing,
    prefix: `${scheme}://`,
  });
  return host.kind === "value" ? found(host.value, isHttp ? "http" : "https") : host;
}

function readBareForOffload(text: string): Reading<ServerAddress> {
  const host = readHostPort(text, { portIfMissing: 80, examplePort: 80, prefix: "http://" });
  if (host.kind === "problem") return host;
  return problem("scheme is missing", `write ${quote(`http://${text}`)}`);
}

function readHostPort(
  text: string,
  options: { portIfMissing: number | undefined; examplePort: number; prefix?: string },
): Reading<TcpAddress> {
  if (isIPv6(text)) {
    const address = formatHostPort(text, options.examplePort);
    return problem("brackets are missing", `write ${quote(`${options.prefix ?? ""}${address}`)}`);
  }
  let address: Address | ReturnType<typeof parseAddress> = parseAddress(text);
  if (address.kind === "problem" && options.portIfMissing !== undefined && !text.endsWith(":")) {
    address = parseAddress(`${text}:${options.portIfMissing}`);
  }
  if (address.kind !== "tcp") return readNoPort(text, address);
  if (text.startsWith(":") || text === "") return problem("host is missing");
  if (address.port === 0) return problem("nothing can be reached at port 0");
  // In brackets only an IPv6 address makes sense (RFC 3986 §3.2.2).
  const ip = canonicalIp(address.hostname);
  const hostname = ip ?? (text.startsWith("[") ? undefined : normalizeHostname(address.hostname));
  if (hostname === undefined) return problem("host is neither a hostname nor an IP address");
  return { kind: "value", value: { kind: "tcp", hostname, port: address.port } };
}

function readNoPort(text: string, address: ReturnType<typeof parseAddress>) {
  const isPortMissing = address.kind === "problem" && address.problem === "port is missing";
  // A text with stray colons or brackets has no port either, but that is not what to tell.
  const isOdd = isPortMissing && !/^(?:\[[^[\]]*\]|[^:[\]]*):?$/.test(text);
  if (isOdd) return problem("it is not an address");
  return problem(address.kind === "problem" ? address.problem : "it is not a TCP address");
}

function found<T extends Address | SampleAddress>(
  address: T,
  scheme: ServerConfig["scheme"],
): Reading<ServerAddress> {
  return { kind: "value", value: { address, scheme } };
}

function problem(state: string, hint?: string): { kind: "problem"; state: string; hint?: string } {
  return { kind: "problem", state, hint };
}
