/**
 * Who the client is: the peer of the connection, or, where that is an HTTP proxy that is trusted, the
 * one it vouches for. The only place that decides it. Pure. Input comes from strangers.
 *
 * @module
 */
import type { Endpoint } from "../../base/addresses.ts";
import type { CidrSet } from "../../base/cidr.ts";
import { FORWARDED_HOPS_MAX } from "../../base/limits.ts";
import type { HeaderLine } from "../message.ts";
import { isFieldName } from "../http1/grammar.ts";
import {
  entriesFromRight,
  type ForwardedElement,
  parseForwardedElement,
  parseNode,
} from "./forwarded_elements.ts";

/** Who the client is, and who says so. */
export interface DecidedClient {
  /** Port 0 where a proxy does not tell it. */
  readonly client: Endpoint;
  /** The peer is a trusted proxy. */
  readonly trustedPeer: boolean;
  /** The field the client is from; undefined if neither is there, or the peer is not trusted. */
  readonly source: "x-forwarded-for" | "forwarded" | undefined;
  /** What the proxy nearest to the client says in Forwarded, if that is the source. */
  readonly element: ForwardedElement | undefined;
}

/** An entry that names an address. */
interface Hop {
  readonly endpoint: Endpoint;
  readonly element: ForwardedElement | undefined;
}

/**
 * Decides who the client is. X-Forwarded-For is read, or without it Forwarded (RFC 7239), from the
 * right: addresses of trusted proxies are skipped, and the first other one is the client. What cannot
 * be read ends the search: the last address that was read is then as far as anybody vouches for.
 *
 * @param headers As received; several lines of a field are one list (RFC 9110 §5.3).
 */
export function decideClient(
  peer: Endpoint,
  headers: readonly HeaderLine[],
  trusted: CidrSet,
): DecidedClient {
  if (!trusted.contains(peer.ip)) {
    return { client: peer, trustedPeer: false, source: undefined, element: undefined };
  }
  const forwardedFor = joinLines(headers, "x-forwarded-for");
  const list = forwardedFor ?? joinLines(headers, "forwarded");
  if (list === undefined) {
    return { client: peer, trustedPeer: true, source: undefined, element: undefined };
  }
  const source = forwardedFor === undefined ? "forwarded" : "x-forwarded-for";
  const hop = walk(list, source === "forwarded" ? readElement : readAddress, trusted);
  const { endpoint, element } = hop ?? { endpoint: peer, element: undefined };
  return { client: endpoint, trustedPeer: true, source, element };
}

/** @returns The last hop that could be read; undefined if not even the first could. */
function walk(
  list: string,
  read: (entry: string) => Hop | undefined,
  trusted: CidrSet,
): Hop | undefined {
  let last: Hop | undefined;
  let hops = 0;
  for (const entry of entriesFromRight(list)) {
    // Empty entries are allowed in every list (RFC 9110 §5.6.1.2); they count, or would cost for ever.
    if (++hops > FORWARDED_HOPS_MAX) break;
    if (entry === "") continue;
    const hop = read(entry);
    if (hop === undefined) break;
    last = hop;
    if (!trusted.contains(hop.endpoint.ip)) break;
  }
  return last;
}

function readAddress(entry: string): Hop | undefined {
  const endpoint = parseNode(entry);
  return endpoint && { endpoint, element: undefined };
}

function readElement(entry: string): Hop | undefined {
  const element = parseForwardedElement(entry);
  return element?.client && { endpoint: element.client, element };
}

/** @returns All values of a field as one list; undefined if it is not there. */
export function joinLines(headers: readonly HeaderLine[], lowerCase: string): string | undefined {
  let joined: string | undefined;
  for (const [name, value] of headers) {
    if (isFieldName(name, lowerCase)) joined = joined === undefined ? value : `${joined}, ${value}`;
  }
  return joined;
}
