/**
 * The effective configuration: what `routes.yaml` means once defaults are in, units are read and
 * every contradiction is refused. Plain immutable data; nothing behind it needs to know the file.
 *
 * @module
 */
import type { Address, TcpAddress } from "../base/addresses.ts";
import type { Cidr } from "../base/cidr.ts";
import type { HostPattern } from "../base/hostnames.ts";
import type { LogLevel } from "../base/log.ts";
import type { MessagePolicies } from "./message_policies.ts";
import type { PasswordHash } from "../base/password_hash.ts";

/** The whole file. */
export interface Config {
  readonly listen: ListenConfig;
  readonly acme: AcmeConfig;
  /** Absolute path of the state folder; undefined means the default of the user who runs it. */
  readonly stateFolder: string | undefined;
  readonly relay: RelayConfig;
  readonly log: { readonly level: LogLevel };
  /** HTTP proxies in front whose word about the client is taken; none by default. */
  readonly trustedProxies: readonly Cidr[];
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
  readonly loadBalance: LoadBalance;
  /** undefined: no check, every server counts as up. */
  readonly healthCheck: HealthCheckConfig | undefined;
  /** Only for `offload`. */
  readonly sticky: StickyConfig | undefined;
  readonly plainHttp: PlainHttpConfig;
  /** Only for `redirect`. */
  readonly redirect: RedirectConfig | undefined;
  /** For `offload` and `redirect`. */
  readonly certificate: CertificateConfig | undefined;
  /** For `https://` servers. */
  readonly upstreamTls: UpstreamTlsConfig;
  readonly timeouts: TimeoutsConfig;
  /** What is done with requests of an offload route, on every path that says nothing else. */
  readonly policies: PoliciesConfig;
  /** Of an offload route: what differs for some paths; the first that matches wins. */
  readonly paths: readonly PathConfig[];
}

/** What is done with a request; what is not configured is not there. */
export interface PoliciesConfig extends MessagePolicies {
  readonly basicAuth?: BasicAuthConfig;
  readonly forwardAuth?: ForwardAuthConfig;
  /** Of clients, on a path beside others where an auth server vouches for them. */
  readonly dropHeaders?: readonly string[];
  readonly rateLimit?: RateLimitConfig;
  readonly compress?: CompressConfig;
}

/** Which paths of a host. Letters count as lower case. */
export interface PathPattern {
  /** `prefix`: the path itself and everything below it. */
  readonly kind: "exact" | "prefix";
  /**
   * As a person reads it, without escapes, in lower case and NFC; a prefix without its final slash, so
   * that "" is the prefix of everything.
   */
  readonly path: string;
}

/** What differs for some paths of a route. */
export interface PathConfig {
  readonly pattern: PathPattern;
  /** The route's own list if the path names none. */
  readonly servers: readonly ServerConfig[];
  /** Set where the path redirects. */
  readonly redirect: PathRedirectConfig | undefined;
  /** Set where the path is answered by itself. */
  readonly respond: RespondConfig | undefined;
  readonly rewrite: PathRewriteConfig | undefined;
  /** The route's, with those of the path put over them; one that only the route gives is its object. */
  readonly policies: PoliciesConfig;
}

/** How the target that the upstream sees differs from the one that was sent. */
export interface PathRewriteConfig {
  /** Segments at the start that are taken away, at least one; Infinity for all. */
  readonly segments: number;
  /** What is put in their place: "" or a path without a final slash; the whole path if all are taken. */
  readonly by: string;
}

/** Where a path redirects. */
export interface PathRedirectConfig {
  /** An absolute URL, or a path of the same host. */
  readonly location: string;
  /** The (rewritten) target is put behind `location`, which ends without a slash. */
  readonly keepsTarget: boolean;
  readonly status: RedirectStatus;
}

/** An answer that no upstream gives. */
export interface RespondConfig {
  readonly status: number;
  readonly body: string;
  readonly contentType: string;
}

/** Who may come in with a name and a password (RFC 7617). */
export interface BasicAuthConfig {
  /** Visible ASCII without quotes and backslashes. */
  readonly realm: string;
  readonly users: ReadonlyMap<string, PasswordHash>;
  /** Absolute path of a file with more users. */
  readonly usersFile: string | undefined;
  /** Whether the upstream gets the Authorization header too. */
  readonly passes: boolean;
}

/** A server that is asked about each request. */
export interface ForwardAuthConfig {
  readonly server: ServerConfig;
  /** Path and query. */
  readonly target: string;
  /** Host and port, for the Host header. */
  readonly authority: string;
  /** As they stand in the file. */
  readonly copyHeaders: readonly string[];
  /** Headers of the client that are sent, in lower case; undefined for all but those about the body. */
  readonly requestHeaders: readonly string[] | undefined;
  readonly timeoutMs: number;
}

/** How many requests one client may send: a bucket of `burst`, filled evenly. */
export interface RateLimitConfig {
  /** Tells the buckets of one route or path from those of another, across reloads. */
  readonly scope: string;
  readonly requests: number;
  /** Milliseconds in which as many as `requests` flow in. */
  readonly perMs: number;
  readonly burst: number;
}

/** Which answers are compressed, and how. */
export interface CompressConfig {
  /** Lower case; a type may end in "/*". undefined: whatever gets smaller by it. */
  readonly types: readonly string[] | undefined;
  readonly minBytes: number;
  /** In order of preference. */
  readonly encodings: readonly ContentEncoding[];
}

/** Content codings that are spoken (RFC 9110 §8.4.1, RFC 7932). */
export type ContentEncoding = "br" | "gzip";

/** What becomes of a connection. */
export type RouteMode = "passthrough" | "offload" | "redirect" | "reject";

/**
 * Whose address passthrough servers see as the source of a connection: Postern's; the client's; or the
 * client's where both have the same IP version, else Postern's.
 */
export type RouteSource = "proxy" | "client" | "client_or_proxy";

/** How a client's server is chosen, see lib/upstream. */
export type LoadBalance = "round_robin" | "least_conn" | "ip_hash" | "random" | "first";

/** How Postern finds out whether a server is up. */
export interface HealthCheckConfig {
  readonly probe: HealthProbe;
  /** Milliseconds between two checks of a server. */
  readonly intervalMs: number;
  /** Milliseconds for one check. */
  readonly timeoutMs: number;
  /** Good checks in a row after which a server that is down is up again. */
  readonly rise: number;
  /** Failed checks in a row after which a server that is up is down. */
  readonly fall: number;
}

/** What is done to a server to see whether it is up. */
export type HealthProbe =
  | { readonly kind: "tcp" }
  | {
    readonly kind: "http";
    readonly path: string;
    /** The Host header; undefined means the server's own address. */
    readonly host: string | undefined;
    readonly statuses: readonly StatusRange[];
  };

/** Statuses, both ends included. */
export interface StatusRange {
  readonly from: number;
  readonly to: number;
}

/** How a client is kept at the server it had. */
export interface StickyConfig {
  readonly cookie: string;
}

/** One server of a route's upstream. */
export interface ServerConfig {
  readonly address: Address | SampleAddress;
  /** `tcp` for passthrough; for offload `http`, or `https` when TLS is spoken to the server. */
  readonly scheme: "tcp" | "http" | "https";
  readonly proxyProtocol: ProxyProtocolVersion;
  /** Its share of the clients beside the other servers' weights: 1 to 256. */
  readonly weight: number;
  /** It gets clients only when none of the others is left. */
  readonly isBackup: boolean;
  /** The server whose health is this one's: that of a route's plain HTTP has none of its own. */
  readonly checkedAs?: ServerConfig;
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
  /** What Postern shows a server that asks for a certificate. Absolute paths of PEM files. */
  readonly clientCert?: { readonly certFile: string; readonly keyFile: string };
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
