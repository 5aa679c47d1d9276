/**
 * A server as the client connects to it: where, how it proves who it is, and how long it may take.
 * Made once per configuration, so that a request costs no look-ups. Pure; files are read by the
 * caller.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { type Address, formatAddress } from "../../base/addresses.ts";
import type { ServerConfig, TimeoutsConfig, UpstreamTlsConfig } from "../../config/config.ts";

/** How a server's certificate is verified. */
export type TlsTrust =
  /** Against the runtime's roots, and for its name. */
  | { readonly kind: "roots" }
  /** Against these certificates alone (PEM), and for its name. */
  | { readonly kind: "ca"; readonly pem: string }
  /** By the SHA-256 of the certificate alone, 64 lower-case hex digits. */
  | { readonly kind: "fingerprint"; readonly sha256: string }
  /** Not at all. */
  | { readonly kind: "nothing" };

/** What is spoken to an `https` server. */
export interface UpstreamTls {
  /** Sent as SNI and verified; undefined means the request's host. */
  readonly serverName: string | undefined;
  readonly trust: TlsTrust;
  /** Shown to a server that asks for one. */
  readonly clientCertificate?: ClientCertificate;
}

/** A chain with its key, both PEM. */
export interface ClientCertificate {
  readonly certPem: string;
  /** Secret. */
  readonly keyPem: string;
}

/** One server that requests are sent to. */
export interface UpstreamServer {
  readonly address: Address;
  /** undefined for `http`. */
  readonly tls: UpstreamTls | undefined;
  /** Milliseconds for connecting, TLS included. */
  readonly connectMs: number;
  /** Milliseconds from the end of a request to the head of its answer, and between two reads. */
  readonly responseMs: number;
  /** Equal for servers whose connections are the same but for the server name. */
  readonly key: string;
}

/** What a server is made of, beside its entry. */
export interface UpstreamServerOptions {
  /** The server's address once `sample` is resolved; default `server.address`. */
  readonly address?: Address;
  readonly tls: UpstreamTlsConfig;
  /** The content of `tls.caFile`. */
  readonly caPem?: string;
  /** The content of `tls.clientCert`. */
  readonly clientCertificate?: ClientCertificate;
  readonly timeouts: Pick<TimeoutsConfig, "connectMs" | "responseMs">;
}

/**
 * Prepares a server.
 *
 * @throws {TypeError} If the address is still `sample`, the scheme is `tcp`, or a file of `tls` is named
 * and its content is not there: mistakes of the caller.
 */
export function prepareServer(
  server: ServerConfig,
  options: UpstreamServerOptions,
): UpstreamServer {
  const address = options.address ?? server.address;
  if (address.kind === "sample") throw new TypeError("Cannot prepare a sample server: no address");
  if (server.scheme === "tcp") throw new TypeError("Cannot prepare a tcp server for HTTP");
  const tls = server.scheme === "https" ? prepareTls(options) : undefined;
  return {
    address,
    tls,
    connectMs: options.timeouts.connectMs,
    responseMs: options.timeouts.responseMs,
    key: `${formatAddress(address)} ${tls === undefined ? "http" : tlsKey(tls)}`,
  };
}

/**
 * Returns the key under which connections may be shared: the same address, scheme, verification, client
 * certificate and server name, so that no request uses a connection whose verification was not its
 * own, or on which the server takes us for somebody else.
 */
export function poolKey(server: UpstreamServer, serverName: string): string {
  return server.tls === undefined ? server.key : `${server.key} ${serverName}`;
}

function prepareTls(options: UpstreamServerOptions): UpstreamTls {
  const { tls, clientCertificate } = options;
  if (tls.clientCert !== undefined && clientCertificate === undefined) {
    throw new TypeError("Cannot prepare a server: clientCertificate is missing");
  }
  return { serverName: tls.serverName, trust: trustOf(options), clientCertificate };
}

/** The narrowest wins: who states a fingerprint beside `insecure_skip_verify` wants it checked. */
function trustOf({ tls, caPem }: UpstreamServerOptions): TlsTrust {
  if (tls.fingerprint !== undefined) return { kind: "fingerprint", sha256: tls.fingerprint };
  if (tls.insecureSkipVerify) return { kind: "nothing" };
  if (caPem !== undefined) return { kind: "ca", pem: caPem };
  if (tls.caFile !== undefined) throw new TypeError("Cannot prepare a server: caPem is missing");
  return { kind: "roots" };
}

function tlsKey({ trust, clientCertificate }: UpstreamTls): string {
  const key = `https ${trustKey(trust)}`;
  if (clientCertificate === undefined) return key;
  const { certPem, keyPem } = clientCertificate;
  return `${key} as ${sha256(`${certPem}${keyPem}`)}`;
}

function trustKey(trust: TlsTrust): string {
  if (trust.kind === "ca") return `ca ${sha256(trust.pem)}`;
  return trust.kind === "fingerprint" ? `fingerprint ${trust.sha256}` : trust.kind;
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
