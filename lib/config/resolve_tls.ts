/**
 * `tls` and `upstream_tls` -> where certificates come from and which are accepted. Pure: files are
 * named here and opened elsewhere.
 *
 * @module
 */
import type { CertificateConfig, ServerConfig, UpstreamTlsConfig } from "./config.ts";
import type { RouteContext } from "./route_context.ts";
import type { RouteValues } from "./schema.ts";

const HINT_FOR_WILDCARD = 'add "tls: { certificate: internal }", or your own: ' +
  '"tls: { certificate: { cert: …, key: … } }"';

/** A bare "*" in a certificate matches no name (RFC 9525 §6.3). */
const HINT_FOR_CATCH_ALL = 'add "tls: { certificate: { cert: …, key: … } }" with your own; ' +
  "no client can verify an internal one here";

/** Resolves the certificate of an `offload` or `redirect` route; undefined for the other modes. */
export function resolveCertificate(context: RouteContext): CertificateConfig | undefined {
  const { mode, route, defaults, resolvePath } = context;
  if (mode !== "offload" && mode !== "redirect") return undefined;
  const choice = route.values.tls?.certificate ?? defaults.tls?.certificate ??
    { kind: "auto" as const };
  if (choice.kind === "auto") checkAuto(context);
  if (choice.kind !== "file") return { kind: choice.kind };
  return { kind: "file", certFile: resolvePath(choice.cert), keyFile: resolvePath(choice.key) };
}

/** HTTP-01 proves control of one name (RFC 8555 §8.3), on port 80. */
function checkAuto({ route, listen, report }: RouteContext): void {
  // With a broken key the certificate is not known yet: `tls` itself may be what is broken.
  if (!route.isSound) return;
  const hosts = route.values.hosts ?? [];
  hosts.forEach((host, index) => {
    if (host.kind === "exact") return;
    const path = [...route.path, "hosts", index];
    report.cannotUse(path, 'certificate "auto" needs DNS-01 for it, which is not supported yet', {
      hint: host.kind === "wildcard" ? HINT_FOR_WILDCARD : HINT_FOR_CATCH_ALL,
    });
  });
  if (listen.http.length === 0) {
    const state = 'certificate "auto" is proved on port 80, which "listen.http" switches off';
    const hint = 'give "listen.http" an address, or the route a certificate of your own';
    report.cannotReadMapping(route.path, state, { severity: "warning", hint });
  }
}

/**
 * Resolves how https servers are verified, and what they are shown; refuses it where there is none.
 */
export function resolveUpstreamTls(
  context: RouteContext,
  servers: readonly ServerConfig[],
): UpstreamTlsConfig {
  const { mode, route, defaults, report } = context;
  const own = mode === "offload" ? route.values.upstream_tls : undefined;
  const isHttps = servers.some((server) => server.scheme === "https");
  if (own !== undefined && servers.length > 0 && !isHttps) {
    report.cannotUse([...route.path, "upstream_tls"], "no server of this route speaks TLS", {
      hint: 'remove it, or write the server\'s URL with "https://"',
    });
  }
  const merged = isHttps ? { ...defaults.upstream_tls, ...own } : {};
  const state = contradiction(merged);
  // What contradicts itself in `defaults` is reported there, once.
  if (state !== undefined && contradiction(defaults.upstream_tls ?? {}) === undefined) {
    report.cannotUse([...route.path, "upstream_tls"], state, { hint: CONTRADICTION_HINT });
  }
  return {
    serverName: merged.server_name,
    caFile: merged.ca === undefined ? undefined : context.resolvePath(merged.ca),
    fingerprint: merged.fingerprint,
    insecureSkipVerify: merged.insecure_skip_verify ?? false,
    ...clientCert(merged, context),
  };
}

function clientCert(
  { client_cert: files }: NonNullable<RouteValues["upstream_tls"]>,
  { resolvePath }: RouteContext,
): Pick<UpstreamTlsConfig, "clientCert"> {
  if (files === undefined) return {};
  return { clientCert: { certFile: resolvePath(files.cert), keyFile: resolvePath(files.key) } };
}

/** What to do about a {@linkcode contradiction}. */
export const CONTRADICTION_HINT =
  'keep one of "ca", "fingerprint" and "insecure_skip_verify: true"';

/** Says how the keys of `upstream_tls` contradict each other; undefined if they do not. */
export function contradiction(
  tls: NonNullable<RouteValues["upstream_tls"]>,
): string | undefined {
  if (tls.insecure_skip_verify === true && tls.fingerprint !== undefined) {
    return '"fingerprint" verifies and "insecure_skip_verify" does not';
  }
  if (tls.insecure_skip_verify === true && tls.ca !== undefined) {
    return '"ca" verifies and "insecure_skip_verify" does not';
  }
  if (tls.fingerprint === undefined || tls.ca === undefined) return undefined;
  return '"fingerprint" accepts one certificate whoever signed it, "ca" accepts whatever it signed';
}
