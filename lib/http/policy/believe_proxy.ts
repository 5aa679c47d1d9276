/**
 * `trusted_proxies`: an exchange that comes through one of them is the client's own, with its address,
 * scheme and host as the proxy tells them. Comes before everything that looks at the client. The host
 * that decides about routes stays the one in Host: a client can be told two, and only one was checked.
 * Pure. Input comes from strangers.
 *
 * @module
 */
import type { CidrSet } from "../../base/cidr.ts";
import { isAuthority } from "../authority.ts";
import type { Exchange } from "../exchange.ts";
import { decideClient, joinLines } from "./decide_client.ts";
import { entriesFromRight } from "./forwarded_elements.ts";
import { withFields } from "./with_fields.ts";

/**
 * Returns the exchange as the client meant it.
 *
 * @param exchange Its client is the peer of the connection.
 * @param trusted The proxies that are believed; without any, this costs nothing.
 */
export function believeProxy(exchange: Exchange, trusted: CidrSet): Exchange {
  const { client: peer, headers } = exchange;
  if (trusted.isEmpty) return exchange;
  const { client, trustedPeer, source, element } = decideClient(peer, headers, trusted);
  if (!trustedPeer) return exchange;
  const proto = lastEntry(exchange, "x-forwarded-proto") ?? element?.proto;
  const host = lastEntry(exchange, "x-forwarded-host") ?? element?.host;
  return withFields(exchange, {
    client,
    scheme: readScheme(proto) ?? exchange.scheme,
    trustedProxy: {
      peer,
      source,
      host: host !== undefined && isAuthority(host) ? host : undefined,
    },
  });
}

/** Of several entries the last one is from the proxy that we know. */
function lastEntry({ headers }: Exchange, lowerCase: string): string | undefined {
  const list = joinLines(headers, lowerCase);
  return list === undefined ? undefined : entriesFromRight(list).next().value || undefined;
}

/** RFC 3986 §3.1: schemes are compared without regard to case. A WebSocket's is that of its request. */
function readScheme(proto: string | undefined): "http" | "https" | undefined {
  switch (proto?.toLowerCase()) {
    case "https":
    case "wss":
      return "https";
    case "http":
    case "ws":
      return "http";
    default:
      return undefined;
  }
}
