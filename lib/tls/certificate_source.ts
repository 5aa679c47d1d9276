/**
 * Where the certificate of a host comes from, and the id it goes by. Each hostname with `auto` has a
 * certificate of its own: if one name of a shared certificate no longer resolved, none of them could be
 * renewed, and adding a host would mean ordering anew for all. Pure.
 *
 * @module
 */
import { formatHostPattern, type HostPattern } from "../base/hostnames.ts";
import type { CertificateConfig, RouteConfig } from "../config/config.ts";

/** One certificate that is needed. */
export type CertificateSource =
  /** From the ACME directory. */
  | { readonly kind: "auto"; readonly hostname: string }
  /** From the internal CA, for a hostname, `*.example.org` or `*`. */
  | { readonly kind: "internal"; readonly name: string }
  /** From the user. Paths are absolute. */
  | { readonly kind: "file"; readonly certFile: string; readonly keyFile: string };

/** Finds the source for one entry of a route's `hosts`. */
export function certificateSource(
  certificate: CertificateConfig,
  pattern: HostPattern,
): CertificateSource {
  if (certificate.kind === "file") return certificate;
  if (certificate.kind === "auto" && pattern.kind === "exact") {
    return { kind: "auto", hostname: pattern.name };
  }
  // HTTP-01 cannot prove a wildcard (RFC 8555 §8.3); the configuration has refused it with `auto`.
  return { kind: "internal", name: formatHostPattern(pattern) };
}

/** Lists the sources that routes need, one for each entry of their `hosts`. */
export function certificateSources(routes: readonly RouteConfig[]): CertificateSource[] {
  return routes.flatMap(({ certificate, hosts }) =>
    certificate === undefined ? [] : hosts.map((pattern) => certificateSource(certificate, pattern))
  );
}

/** Lists the hostnames whose certificates are ordered. */
export function autoHostnames(routes: readonly RouteConfig[]): string[] {
  return certificateSources(routes).flatMap((source) =>
    source.kind === "auto" ? [source.hostname] : []
  );
}

/** Returns the id of a source: `auto/…`, `internal/…` or `file/…`. Equal sources have equal ids. */
export function certificateId(source: CertificateSource): string {
  switch (source.kind) {
    case "auto":
      return `auto/${source.hostname}`;
    case "internal":
      return `internal/${source.name}`;
    case "file":
      return `file/${source.certFile}|${source.keyFile}`;
  }
}
