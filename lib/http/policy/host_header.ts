/**
 * `host_header`: the Host field that a server gets (RFC 9110 §7.2). It depends on the server, which is
 * only known when one has been chosen. Pure.
 *
 * @module
 */
import { formatHostPort } from "../../base/addresses.ts";
import type { ServerConfig } from "../../config/config.ts";
import type { HostHeaderConfig } from "../../config/message_policies.ts";
import type { Exchange } from "../exchange.ts";
import { isFieldName } from "../http1/grammar.ts";
import type { HeaderLine } from "../message.ts";

/** Ports that a URL of the scheme need not name (RFC 9110 §4.2). */
const DEFAULT_PORTS: Readonly<Record<string, number>> = { http: 80, https: 443 };

/** Says which Host a server gets. @param choice undefined: the one the client asked for. */
export function hostHeaderFor(
  choice: HostHeaderConfig | undefined,
  server: Pick<ServerConfig, "address" | "scheme">,
  { authority }: Pick<Exchange, "authority">,
): string {
  if (choice === undefined) return authority;
  if (choice.kind === "fixed") return choice.value;
  const { address, scheme } = server;
  // A socket in the file system has no name that means something in HTTP.
  if (address.kind !== "tcp") return "localhost";
  const full = formatHostPort(address.hostname, address.port);
  return address.port === DEFAULT_PORTS[scheme] ? full.replace(/:\d+$/, "") : full;
}

/** Returns header lines with one Host, the first line, as RFC 9110 §7.2 advises. */
export function withHost(lines: readonly HeaderLine[], host: string): HeaderLine[] {
  const others = lines.filter(([name]) => !isFieldName(name, "host"));
  return [["Host", host], ...others];
}
