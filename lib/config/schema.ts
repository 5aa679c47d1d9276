/**
 * The one definition of `routes.yaml`: its keys, what they may hold and what they mean. Types, checks
 * and the JSON Schema for editors all come from it; checks between values stand elsewhere. Pure.
 *
 * @module
 */
import { z } from "zod";
import { LISTEN_ADDRESSES_MAX, SPLICE_WORKERS_MAX } from "../base/limits.ts";
import { LOG_LEVELS } from "../base/log.ts";
import { BasicAuth, ForwardAuth, RateLimit } from "./access_schema.ts";
import { Backup, HealthCheck, LoadBalance, Sticky, Weight } from "./balancing_schema.ts";
import { Compress } from "./compress_schema.ts";
import type { PlainHttpConfig, RedirectStatus, RouteMode } from "./config.ts";
import { MESSAGE_POLICY_KEYS } from "./message_policies_schema.ts";
import { CidrBlock } from "./policy_scalars.ts";
import {
  AcmeDirectory,
  Duration,
  Email,
  expecting,
  FilePath,
  Fingerprint,
  Host,
  Hostname,
  ListenAddress,
  RedirectTarget,
} from "./scalars.ts";
import {
  PathPatternText,
  PathRedirectTarget,
  Respond,
  Rewrite,
  StripPrefix,
} from "./paths_schema.ts";
import { choice, list, mapping, oneOrMore } from "./schema_kinds.ts";
import { HttpUpstream } from "./server_address.ts";

const Listen = mapping({
  https: oneOrMore(ListenAddress, "an address or a list of addresses", {
    most: LISTEN_ADDRESSES_MAX,
  }).optional()
    .describe('Where TLS is accepted. Default "[::]:443", which accepts IPv4 too.'),
  http: oneOrMore(ListenAddress, "an address or a list of addresses", {
    least: 0,
    most: LISTEN_ADDRESSES_MAX,
  }).optional()
    .describe('Where plain HTTP is accepted. Default "[::]:80"; an empty list switches it off.'),
});

const Acme = mapping({
  email: Email.optional()
    .describe("Where the certificate authority may send notices."),
  directory: AcmeDirectory.optional()
    .describe('"letsencrypt" (default), "letsencrypt-staging" or the https URL of a directory.'),
  ca: FilePath.optional()
    .describe("PEM file with the root that the directory's own certificate is verified against."),
});

const WORKERS = {
  error: expecting(`a number from 1 to ${SPLICE_WORKERS_MAX} or "auto"`, {
    numberState: "it is out of range",
  }),
};

const Relay = mapping({
  engine: choice(["auto", "splice", "portable"]).optional()
    .describe(
      "What moves the bytes of relayed connections: splice, inside the kernel, needs Linux and FFI. " +
        "Default auto: the best there is.",
    ),
  workers: z.union([
    z.literal("auto"),
    z.int(WORKERS).min(1, WORKERS).max(SPLICE_WORKERS_MAX, WORKERS),
  ], WORKERS).optional()
    .describe("Threads of the splice engine. Default auto: one for every two cores."),
});

const Log = mapping({
  level: choice(LOG_LEVELS).optional().describe(
    "Events below this level are dropped. Default info.",
  ),
});

const Mode = choice(["passthrough", "offload", "terminate", "redirect", "reject"])
  .transform((mode): RouteMode => mode === "terminate" ? "offload" : mode);

const ProxyProtocol = choice(["off", "v1", "v2"]);

const STATUSES = [301, 302, 307, 308] as const satisfies readonly RedirectStatus[];

const Status = z.literal(STATUSES, { error: expecting("301, 302, 307 or 308") });

/** `http`, as its kind and status. */
const PlainHttp = z.union([
  choice(["forward", "redirect", "off"]).transform((kind): PlainHttpChoice =>
    kind === "redirect" ? { kind, status: 308 } : { kind }
  ),
  mapping({
    redirect: Status.describe("Status of the redirect to https."),
  }).transform(({ redirect }): PlainHttpChoice => ({ kind: "redirect", status: redirect })),
], { error: expecting('"forward", "redirect", "off" or "{ redirect: 301 }"') });

/** What a route or the defaults want on port 80, before addresses are derived. */
export type PlainHttpChoice =
  | { readonly kind: Exclude<PlainHttpConfig["kind"], "redirect"> }
  | { readonly kind: "redirect"; readonly status: RedirectStatus };

// What a server's address may be depends on the route's mode: it is read where the mode is known.
const ServerText = z.string({ error: expecting('an address such as "10.0.0.1:443"') });

const Server = z.union([
  ServerText.transform((url): ServerChoice => ({ url, inMapping: false })),
  mapping({
    url: ServerText.describe("The server's address, or its URL with mode offload."),
    proxy_protocol: ProxyProtocol.optional()
      .describe("PROXY header sent to this server; overrides the route's."),
    weight: Weight.optional().describe("Share of the clients, from 1 to 256. Default 1."),
    backup: Backup.optional().describe("Gets clients only when no other server is left."),
  }).transform((server): ServerChoice => ({ ...server, inMapping: true })),
], { error: expecting('an address or a mapping with "url"') });

/** One server as it stands in the file. */
export interface ServerChoice {
  readonly url: string;
  readonly proxy_protocol?: z.output<typeof ProxyProtocol>;
  readonly weight?: number;
  readonly backup?: boolean;
  /** Whether the file has a mapping with `url` here, or only the text. */
  readonly inMapping: boolean;
}

const Servers = oneOrMore(Server, "an address or a list of addresses");

const CertificateFiles = mapping({
  cert: FilePath.describe("PEM file with the certificate, then its intermediates."),
  key: FilePath.describe("PEM file with the private key."),
});

const Certificate = z.union([
  choice(["auto", "internal"]).transform((kind) => ({ kind })),
  CertificateFiles.transform(({ cert, key }) => ({ kind: "file" as const, cert, key })),
], { error: expecting('"auto", "internal" or "{ cert: …, key: … }"') });

const Tls = mapping({
  certificate: Certificate.optional()
    .describe("auto (default): from ACME; internal: from Postern's own CA; or a pair of files."),
});

const UpstreamTls = mapping({
  server_name: Hostname.optional()
    .describe("Name that is sent and verified. Default: the host of the request."),
  ca: FilePath.optional().describe("PEM file with the only roots that are trusted."),
  fingerprint: Fingerprint.optional()
    .describe("SHA-256 of the one certificate that is accepted, whoever signed it."),
  insecure_skip_verify: z.boolean({ error: expecting("true or false") }).optional()
    .describe("Accepts any certificate: whoever stands between may read and change everything."),
  client_cert: CertificateFiles.optional()
    .describe("How Postern proves who it is to servers that ask for a certificate."),
});

const ROUTE_TIMEOUTS = {
  connect: Duration.optional()
    .describe("One attempt to connect to one server, TLS included. Default 5s."),
  header: Duration.optional()
    .describe("From a connection's start to the end of its first request head. Default 10s."),
  keep_alive: Duration.optional()
    .describe("Between requests of one client connection. Default 75s."),
  response: Duration.optional()
    .describe("Silence of a server that has a whole request. Default 60s."),
  idle: Duration.optional()
    .describe("No byte either way on a relayed connection. Default 10m."),
};

const DEFAULT_TIMEOUTS = {
  hello: Duration.optional()
    .describe("From accept to the end of the ClientHello; no route is known before. Default 5s."),
  ...ROUTE_TIMEOUTS,
};

/** The keys that a route, each of its paths and `defaults` share: what is done with a request. */
const POLICY_KEYS = {
  ...MESSAGE_POLICY_KEYS,
  basic_auth: BasicAuth.optional()
    .describe("Asks for a name and a password; offload only. off: for a path, not there."),
  forward_auth: ForwardAuth.optional()
    .describe("Asks another server about each request; offload only. off: for a path, not there."),
  rate_limit: RateLimit.optional().describe("How many requests a client may send; offload only."),
  compress: Compress.optional().describe("Compresses answers with brotli or gzip; offload only."),
};

/** The keys that a route and `defaults` share. */
const SHARED_KEYS = {
  proxy_protocol: ProxyProtocol.optional()
    .describe("PROXY header sent to the servers; passthrough only. Default off."),
  source: choice(["proxy", "client"]).optional()
    .describe(
      "Whose address the servers see; passthrough only. client needs the splice engine, " +
        "CAP_NET_ADMIN and routing: see deno task postern-transparent. Default proxy.",
    ),
  source_fallback: choice(["proxy"]).optional()
    .describe("With source client: Postern's own address towards servers of another IP version."),
  load_balance: LoadBalance.optional()
    .describe("Which server a client gets. Default round_robin."),
  health_check: HealthCheck.optional()
    .describe("Servers are tried from time to time, and those that are down get no clients."),
  sticky: Sticky.optional()
    .describe("Keeps a client at the server it had, by a cookie; offload only."),
  to: RedirectTarget.optional()
    .describe("Where mode redirect sends; path and query are kept unless this has a path."),
  status: Status.optional().describe("Status of mode redirect. Default 308."),
  http: PlainHttp.optional()
    .describe("Port 80. Default: forward with passthrough, redirect with offload and redirect."),
  http_upstream: HttpUpstream.optional()
    .describe("Where plain HTTP of a passthrough route goes. Default: port 80 of each server."),
  tls: Tls.optional().describe("How Postern proves who it is; offload and redirect."),
  upstream_tls: UpstreamTls.optional().describe("How https servers prove who they are."),
  ...POLICY_KEYS,
};

/** One entry of `paths`. */
const PathSchema = mapping({
  path: PathPatternText.describe("/exact, or /below/* for /below and everything below it."),
  strip_prefix: StripPrefix.optional()
    .describe("true: the upstream does not see what path says; or the part it does not see."),
  rewrite: Rewrite.optional().describe("What the upstream sees in the place of what path says."),
  upstream: Servers.optional().describe("As of a route. Default: the route's."),
  upstreams: Servers.optional().describe("The same as upstream; give one of them."),
  to: PathRedirectTarget.optional()
    .describe("Redirects, to a URL or a path of this host, as mode redirect does."),
  status: Status.optional().describe("Status of the redirect. Default 308."),
  respond: Respond.optional().describe("Answers without asking an upstream."),
  ...POLICY_KEYS,
});

/** One entry of `routes`. */
export const RouteSchema = mapping({
  hosts: list(Host, "a list of hostnames")
    .min(1, { error: expecting("at least one hostname") })
    .describe('Names, wildcards for the first label ("*.example.org"), or "*" for any other name.'),
  mode: Mode.describe(
    "passthrough: TLS goes through untouched; offload: Postern holds the certificate; " +
      "redirect: to another URL; reject: refuse. terminate is read as offload.",
  ),
  upstream: Servers.optional()
    .describe("host:port or unix:/path; with offload http://… or https://…; sample for a try."),
  upstreams: Servers.optional().describe("The same as upstream; give one of them."),
  paths: list(PathSchema, "a list of paths").optional()
    .describe("What differs for some paths; the first that matches wins. Offload only."),
  ...SHARED_KEYS,
  timeouts: mapping(ROUTE_TIMEOUTS).optional().describe("Time limits, with their unit."),
});

/** `defaults`. */
export const DefaultsSchema = mapping({
  ...SHARED_KEYS,
  timeouts: mapping(DEFAULT_TIMEOUTS).optional().describe("Time limits, with their unit."),
});

/** The whole file. */
export const FileSchema = mapping({
  version: z.literal(1, { error: expecting("1") }).describe("Version of this format: 1."),
  listen: Listen.optional().describe("Public addresses."),
  acme: Acme.optional().describe("Who issues certificates."),
  state: FilePath.optional().describe("Folder for keys, certificates and whatever must survive."),
  defaults: DefaultsSchema.optional()
    .describe("Keys for every route that does not give them; where a mode has no use, ignored."),
  trusted_proxies: list(CidrBlock, "a list of blocks of IP addresses").optional()
    .describe("HTTP proxies in front of Postern, whose X-Forwarded-* are believed. Default: none."),
  relay: Relay.optional().describe("The data plane."),
  log: Log.optional().describe("What is logged."),
  routes: list(RouteSchema, "a list of routes")
    .min(1, { error: expecting("at least one route") })
    .describe("One entry per group of hosts. A host stands once in the file."),
});

/** What the file holds once each value by itself is read; nothing is derived yet. */
export type FileValues = z.output<typeof FileSchema>;

/** What one route holds. */
export type RouteValues = z.output<typeof RouteSchema>;

/** What one entry of `paths` holds. */
export type PathValues = z.output<typeof PathSchema>;

/** The names of the keys that a route, its paths and `defaults` share. */
export const POLICY_KEY_NAMES = Object.keys(POLICY_KEYS) as readonly (keyof typeof POLICY_KEYS)[];

/** What `defaults` holds. */
export type DefaultsValues = z.output<typeof DefaultsSchema>;
