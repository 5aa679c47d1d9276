/**
 * What becomes of a connection on the TLS port once its ClientHello is known. Pure.
 *
 * @module
 */
import type { CounterName } from "../base/counters.ts";
import type { RouteConfig } from "../config/config.ts";
import type { Match, RouteTable } from "./route_table.ts";

/** What to do with a connection. */
export type Decision =
  /** Pass the stream through to one of the route's servers. */
  | { readonly kind: "relay"; readonly route: RouteConfig }
  /** Hand it to the terminator that holds the certificate of `match`. */
  | { readonly kind: "terminate"; readonly match: Match }
  /** Answer with the TLS alert `unrecognized_name` (RFC 6066 §3) and close. */
  | { readonly kind: "refuse"; readonly counter: CounterName };

/** Decides by the server name; `undefined` means that the client sent none. */
export function decide(table: RouteTable, serverName: string | undefined): Decision {
  const match = table.match(serverName);
  if (match === undefined) return { kind: "refuse", counter: "server_name_unknown" };
  switch (match.route.mode) {
    case "passthrough":
      return { kind: "relay", route: match.route };
    case "offload":
    case "redirect":
      return { kind: "terminate", match };
    case "reject":
      return { kind: "refuse", counter: "server_name_rejected" };
  }
}
