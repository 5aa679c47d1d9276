/**
 * The request target in its four forms (RFC 9112 §3.2): what is asked for, and of whom. Nothing is
 * decoded or normalized: two readers of one path are two paths. Pure. Input comes from strangers.
 *
 * @module
 */

/** A target that can be served. */
export interface RequestTarget {
  readonly kind: "target";
  /** Origin form, or `*`. */
  readonly target: string;
  /** Of an absolute target: it counts instead of Host (§3.2.2). May be unusable. */
  readonly authority: string | undefined;
}

/** What {@linkcode parseRequestTarget} found. */
export type ParsedRequestTarget =
  | RequestTarget
  | { readonly kind: "malformed"; readonly reason: string };

const ABSOLUTE = /^https?:\/\//i;

/** Parses the target of any method but CONNECT. @param text What `isRequestTarget` lets through. */
export function parseRequestTarget(text: string, method: string): ParsedRequestTarget {
  // RFC 3986 §3.5: a fragment is never sent; what stands behind "#" would be read by some only.
  if (text.includes("#")) return malformed("the target has a fragment");
  if (text.startsWith("/")) return { kind: "target", target: text, authority: undefined };
  if (text === "*") {
    if (method !== "OPTIONS") return malformed("only OPTIONS may ask for *");
    return { kind: "target", target: text, authority: undefined };
  }
  const scheme = ABSOLUTE.exec(text);
  return scheme === null
    ? malformed("the target has none of the forms of RFC 9112")
    : parseAbsolute(text.slice(scheme[0].length), method);
}

function parseAbsolute(rest: string, method: string): RequestTarget {
  const end = rest.search(/[/?]/);
  if (end < 0) {
    // RFC 9112 §3.2.4: how a client that speaks to a proxy asks for `*`.
    return { kind: "target", target: method === "OPTIONS" ? "*" : "/", authority: rest };
  }
  const path = rest.slice(end);
  const target = path.startsWith("/") ? path : `/${path}`;
  return { kind: "target", target, authority: rest.slice(0, end) };
}

function malformed(reason: string): ParsedRequestTarget {
  return { kind: "malformed", reason };
}
