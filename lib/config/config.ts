/**
 * The effective configuration: what `routes.yaml` means once defaults are in, units are read and
 * every contradiction is refused. Plain immutable data; nothing behind it needs to know the file.
 *
 * @module
 */
import type { Address, TcpAddress } from "../base/addresses.ts";
import type { HostPattern } from "../base/hostnames.ts";
import type { LogLevel } from "../base/log.ts";

/** The whole file. */
export interface Config {
  readonly listen: ListenConfig;
  readonly acme: AcmeConfig;
  /** Absolute path of the state folder; undefined means the default of the user who runs it. */
  readonly stateFolder: string | undefined;
  readonly relay: RelayConfig;
  readonly log: { readonly level: LogLevel };
  /** From accept to the end of the ClientHello, in milliseconds; no route is known before. */
  readonly helloTimeoutMs: number;
  /** In the order of the file. */
  readonly routes: readonly RouteConfig[];
}

/** The data plane. */
export interface RelayConfig {
  readonly engine: RelayEngineName;
  /** Threads of the splice engine; undefined means as many as fit the host. */
  readonly workers: number | undefined;
}

/** `relay.engine`. */
export type RelayEngineName = "auto" | "splice" | "portable";

/** Public addresses. Each list has at least one entry, unless `http` was switched off by `[]`. */
export interface ListenConfig {
  readonly https: readonly TcpAddress[];
  readonly http: readonly TcpAddress[];
}

/** Who issues certificates. */
export interface AcmeConfig {
  readonly email: string | undefined;
  /** The directory's URL; short names are already replaced. */
  readonly directory: string;
  /** Absolute path of a PEM file that the directory's own certificate is verified against. */
  readonly caFile: string | undefined;
}

/** One entry of `routes`. Fields that a mode does not use are undefined or empty. */
export interface RouteConfig {
  /** Position in the file, from 0. */
  readonly index: number;
  readonly hosts: readonly HostPattern[];
  readonly mode: RouteMode;
  /** Servers in the order of the file. Empty for `redirect` and `reject`. */
  readonly servers: readonly ServerConfig[];
  readonly source: RouteSource;
  readonly plainHttp: PlainHttpConfig;
  /** Only for `redirect`. */
  readonly redirect: RedirectConfig | undefined;
  /** For `offload` and `redirect`. */
  readonly certificate: CertificateConfig | undefined;
  /** For `https://` servers. */
  readonly upstreamTls: UpstreamTlsConfig;
  readonly timeouts: TimeoutsConfig;
}

/** What becomes of a connection. */
export type RouteMode = "passthrough" | "offload" | "redirect" | "reject";

/**
 * Whose address passthrough servers see as the source of a connection: Postern's; the client's; or the
 * client's where both have the same IP version, else Postern's.
 */
export type RouteSource = "proxy" | "client" | "client_or_proxy";

/** One server of a route's upstream. */
export interface ServerConfig {
  readonly address: Address | SampleAddress;
  /** `tcp` for passthrough; for offload `http`, or `https` when TLS is spoken to the server. */
  readonly scheme: "tcp" | "http" | "https";
  readonly proxyProtocol: ProxyProtocolVersion;
}

/** `sample`: a small server that Postern brings along, for trying it out. */
export interface SampleAddress {
  readonly kind: "sample";
}

/** The PROXY header sent to a server. */
export type ProxyProtocolVersion = "off" | "v1" | "v2";

/** What port 80 does with a route's hosts. */
export type PlainHttpConfig =
  | { readonly kind: "forward"; readonly servers: readonly ServerConfig[] }
  /** To https, path and query kept. ACME challenges of passthrough hosts go to `challengeServers`. */
  | {
    readonly kind: "redirect";
    readonly status: RedirectStatus;
    readonly challengeServers: readonly ServerConfig[];
  }
  | { readonly kind: "off" };

/** Statuses that redirect (RFC 9110 §15.4). */
export type RedirectStatus = 301 | 302 | 307 | 308;

/** Where a `redirect` route sends. */
export interface RedirectConfig {
  readonly to: URL;
  readonly status: RedirectStatus;
}

/** Where a certificate comes from. Paths are absolute. */
export type CertificateConfig =
  | { readonly kind: "auto" }
  | { readonly kind: "internal" }
  | { readonly kind: "file"; readonly certFile: string; readonly keyFile: string };

/** How an `https://` server proves who it is. */
export interface UpstreamTlsConfig {
  /** Sent as SNI and verified; undefined means the request's host. */
  readonly serverName: string | undefined;
  /** Absolute path of a PEM file with the only roots that are trusted; undefined means the runtime's. */
  readonly caFile: string | undefined;
  /** SHA-256 of the server's certificate, 64 lower-case hex digits; the only thing that is verified. */
  readonly fingerprint: string | undefined;
  readonly insecureSkipVerify: boolean;
}

/** All in milliseconds. */
export interface TimeoutsConfig {
  /** One attempt to connect to one server, TLS included. */
  readonly connectMs: number;
  /** From a connection's start to the end of its first request head. */
  readonly headerMs: number;
  /** Between requests of one client connection. */
  readonly keepAliveMs: number;
  /** From the end of a request to the head of its answer, and between two reads of the answer. */
  readonly responseMs: number;
  /** No byte either way on a relayed connection. */
  readonly idleMs: number;
}
