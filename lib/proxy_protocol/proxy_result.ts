/**
 * What the parsers of both versions return. Types only.
 *
 * @module
 */
import type { ProxyEndpoints } from "./proxy_endpoints.ts";
import type { Tlv } from "./tlv.ts";

/** A whole PROXY header. */
export interface ProxyHeader {
  readonly kind: "header";
  readonly version: ProxyVersion;
  /** `local`: the sender speaks for itself; the connection's own addresses count. */
  readonly command: "proxy" | "local";
  /**
   * Undefined if the header does not tell (UNKNOWN, UNSPEC, LOCAL, not TCP over IP): the
   * connection's own addresses count then. Set together with `destination`.
   */
  readonly source?: ProxyEndpoints["source"];
  readonly destination?: ProxyEndpoints["destination"];
  /** In the order they came; empty for version 1 and for `local`. The values are views. */
  readonly tlvs: readonly Tlv[];
  /** Length of the header; what follows is the client's. */
  readonly bytes: number;
}

/** A version of the protocol, named as in the configuration. */
export type ProxyVersion = "v1" | "v2";

/** What a stream begins with. All but `more` are final: further bytes change nothing. */
export type ProxyHeaderResult =
  | ProxyHeader
  | { readonly kind: "more" }
  /** Something else than a PROXY header. */
  | { readonly kind: "none" }
  /** `reason` is one of a fixed set of phrases, nothing of what was sent. */
  | { readonly kind: "malformed"; readonly reason: string }
  | { readonly kind: "too_large" };

/** Creates the `malformed` result. */
export function malformedHeader(reason: string): ProxyHeaderResult {
  return { kind: "malformed", reason };
}
