/**
 * The configuration of the Posterns that are measured. Pure.
 *
 * @module
 */
import type { BackendPorts } from "../backends.ts";
import { BEHAVIOURS, serverNameOf, tableNameOf } from "../load/stream_protocol.ts";
import type { SharedCertificate } from "../shared_certificate.ts";
import { OFFLOADED } from "./proxy.ts";

/** Hosts that only fill the table stand in routes of so many each. */
const HOSTS_PER_ROUTE = 100;

/** What one configuration differs in from another. */
export interface PosternConfigOptions {
  /** `relay.engine`. The splice engine runs with one worker, as its peers do. */
  readonly engine: string;
  /** Hosts that only fill the route table; they lead to `echo`. */
  readonly tableHosts: number;
  /** Routes beside these. Default 0. */
  readonly extraRoutes?: number;
  /** Whether there are offloaded hosts. Default true. */
  readonly hasOffload?: boolean;
  /** Of the offloaded hosts. Default: one of the internal CA's. */
  readonly certificate?: Pick<SharedCertificate, "certFile" | "keyFile">;
}

/** Renders a whole `routes.yaml`. */
export function renderPosternConfig(
  { engine, tableHosts, extraRoutes = 0, hasOffload = true, certificate }: PosternConfigOptions,
  backends: BackendPorts,
): string {
  return [
    "version: 1",
    "listen:",
    '  https: "127.0.0.1:0"',
    '  http: "127.0.0.1:0"',
    `relay: { engine: ${engine}${engine === "splice" ? ", workers: 1" : ""} }`,
    "routes:",
    ...BEHAVIOURS.flatMap((each) => passthrough([serverNameOf(each)], backends.stream[each])),
    ...tableRoutes(tableHosts).flatMap((hosts) => passthrough(hosts, backends.stream.echo)),
    ...range(0, extraRoutes).flatMap((index) => [
      `  - hosts: [extra-${index}.bench.test]`,
      "    mode: reject",
    ]),
    ...(hasOffload ? OFFLOADED : []).flatMap(({ hostname, backend }) => [
      `  - hosts: [${hostname}]`,
      "    mode: offload",
      "    http: off",
      `    upstream: http://127.0.0.1:${backends[backend]}`,
      `    tls: { certificate: ${formatCertificate(certificate)} }`,
    ]),
    "",
  ].join("\n");
}

/** Returns how many routes a configuration of ours has. */
export function countRoutes(config: string): number {
  return config.match(/^ {2}- hosts:/gm)?.length ?? 0;
}

function formatCertificate(certificate: PosternConfigOptions["certificate"]): string {
  if (certificate === undefined) return "internal";
  return `{ cert: ${certificate.certFile}, key: ${certificate.keyFile} }`;
}

function passthrough(hosts: readonly string[], port: number): string[] {
  return [
    `  - hosts: [${hosts.join(", ")}]`,
    "    mode: passthrough",
    "    http: off",
    `    upstream: 127.0.0.1:${port}`,
  ];
}

function tableRoutes(hosts: number): string[][] {
  return range(0, Math.ceil(hosts / HOSTS_PER_ROUTE)).map((route) => {
    const start = route * HOSTS_PER_ROUTE;
    return range(start, Math.min(hosts, start + HOSTS_PER_ROUTE)).map(tableNameOf);
  });
}

function range(start: number, end: number): number[] {
  return Array.from({ length: end - start }, (_, index) => start + index);
}
