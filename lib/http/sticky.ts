/**
 * The cookie that keeps a client at its server. What it says is a key of the server's; which key is
 * whose, `Balancer` knows. Pure. Input comes from strangers.
 *
 * @module
 */
import { createHash } from "node:crypto";
import type { ServerConfig, StickyConfig } from "../config/config.ts";
import type { HeaderLine } from "./message.ts";

/** Enough to tell the paths of a route from each other. */
const PATH_CHARACTERS = 8;

/** How a cookie is set. */
export interface StickyCookie {
  /** A token (RFC 6265 §4.1.1). */
  readonly name: string;
  /** Of `Balancer.stickyKeyOf`. */
  readonly value: string;
  /** Whether the client speaks TLS: then the cookie is for TLS only. */
  readonly isSecure: boolean;
}

/**
 * Returns the cookie of an upstream. That of a path has a name of its own: with one name for two
 * upstreams, each would overwrite what the other has set, and a client keep neither server.
 *
 * @param path As in the file, of a path with servers of its own; undefined for those of the route.
 * @returns undefined if there is none, or nothing to choose from.
 */
export function stickyOf(
  sticky: StickyConfig | undefined,
  servers: readonly ServerConfig[],
  path?: string,
): StickyConfig | undefined {
  if (sticky === undefined || servers.length < 2) return undefined;
  if (path === undefined) return sticky;
  const hash = createHash("sha256").update(path).digest("hex");
  return { cookie: `${sticky.cookie}-${hash.slice(0, PATH_CHARACTERS)}` };
}

/**
 * Finds a cookie in the header lines of a request: the first of its name, for that is the one with the
 * longest path (RFC 6265 §5.4). Over HTTP/2 there may be several lines (RFC 9113 §8.2.3).
 *
 * @returns undefined if it is not there, or holds what no sticky cookie of ours does.
 */
export function readStickyCookie(
  headers: readonly HeaderLine[],
  name: string,
): string | undefined {
  for (const [field, line] of headers) {
    if (field.length !== 6 || field.toLowerCase() !== "cookie") continue;
    for (const pair of line.split(";")) {
      const equals = pair.indexOf("=");
      if (equals < 0 || pair.slice(0, equals).trim() !== name) continue;
      const value = pair.slice(equals + 1).trim();
      return /^[0-9a-f]{16}$/.test(value) ? value : undefined;
    }
  }
  return undefined;
}

/**
 * Returns the header line that sets the cookie, until the browser is closed: for every path of the
 * host, out of reach of scripts, and sent along when a link leads here (RFC 6265bis §5.6.7).
 */
export function stickyCookieLine({ name, value, isSecure }: StickyCookie): HeaderLine {
  const secure = isSecure ? "; Secure" : "";
  return ["Set-Cookie", `${name}=${value}; Path=/; HttpOnly${secure}; SameSite=Lax`];
}
