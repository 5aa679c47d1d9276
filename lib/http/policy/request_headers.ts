/**
 * What `host_header` and `request_headers` make of the lines a server is to get. They come last, after
 * what Postern tells the server about the client, so that a user can change that, too. Pure.
 *
 * @module
 */
import type { ServerConfig } from "../../config/config.ts";
import type { MessagePolicies } from "../../config/message_policies.ts";
import type { Exchange } from "../exchange.ts";
import type { HeaderLine } from "../message.ts";
import { compileHeaderChanges } from "./header_changes.ts";
import { hostHeaderFor, withHost } from "./host_header.ts";

/** Makes the header lines that one server gets, from those that each would get. */
export type RequestHeadersFor = (
  lines: readonly HeaderLine[],
  server: Pick<ServerConfig, "address" | "scheme">,
  exchange: Exchange,
) => readonly HeaderLine[];

/** Prepares the changes, once per configuration. @returns undefined if nothing is to be changed. */
export function compileRequestHeaders(
  { hostHeader, requestHeaders }: Pick<MessagePolicies, "hostHeader" | "requestHeaders">,
): RequestHeadersFor | undefined {
  if (hostHeader === undefined && requestHeaders === undefined) return undefined;
  const change = requestHeaders === undefined ? undefined : compileHeaderChanges(requestHeaders);
  return (lines, server, exchange) => {
    const changed = change === undefined ? lines : change(lines, exchange);
    if (hostHeader === undefined) return changed;
    return withHost(changed, hostHeaderFor(hostHeader, server, exchange));
  };
}
