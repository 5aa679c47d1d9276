/**
 * Starts Postern with routes given as data, on loopback and free ports.
 *
 * @module
 */
import { type Postern, type PosternOptions, startPostern } from "./postern.ts";

/** A mapping as it stands in `routes.yaml`. */
export type YamlMapping = Readonly<Record<string, unknown>>;

/** How to start it, beside the routes. */
export interface RoutesOptions extends PosternOptions {
  /** Other keys of the top level; `listen` is merged with the loopback addresses. */
  readonly top?: YamlMapping;
}

/** Starts Postern with these entries of `routes`. */
export async function startWithRoutes(
  routes: readonly YamlMapping[],
  options: RoutesOptions = {},
): Promise<Postern> {
  return await startPostern(makeConfig(routes, options.top), options);
}

/** Renders a whole `routes.yaml`; JSON is YAML. */
export function makeConfig(routes: readonly YamlMapping[], top: YamlMapping = {}): string {
  const listen = { https: "127.0.0.1:0", http: "127.0.0.1:0", ...top.listen as YamlMapping };
  // Debug, so that a test that fails shows the record of every connection.
  return JSON.stringify({ version: 1, log: { level: "debug" }, ...top, listen, routes }, null, 1);
}

/** An offload entry with a certificate of the internal CA. */
export function offloadTo(host: string, upstream: string, rest: YamlMapping = {}): YamlMapping {
  return { hosts: [host], mode: "offload", upstream, tls: { certificate: "internal" }, ...rest };
}

/** A passthrough entry without plain HTTP. */
export function passTo(host: string, upstream: string, rest: YamlMapping = {}): YamlMapping {
  return { hosts: [host], mode: "passthrough", upstream, http: "off", ...rest };
}

/** Where Postern keeps the certificate of its internal CA. */
export function internalCaFile(postern: Postern): string {
  return `${postern.stateFolder}/internal-ca/cert.pem`;
}
