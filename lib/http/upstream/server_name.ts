/**
 * The name an `https` server has to prove: the configured one, else the request's host. Pure. Input
 * comes from strangers.
 *
 * @module
 */
import { isIP } from "node:net";
import { normalizeHostname } from "../../base/hostnames.ts";
import { isFieldName } from "../http1/grammar.ts";
import type { HeaderLine } from "../message.ts";

/**
 * Finds the host of a request without its port.
 *
 * @returns A normalized hostname or an IP address without brackets; undefined if the Host field is
 * missing or neither.
 */
export function hostOf(headers: readonly HeaderLine[]): string | undefined {
  const value = headers.find(([name]) => isFieldName(name, "host"))?.[1] ?? "";
  const match = /^(?:\[([^\]]*)\]|([^:[\]]+))(?::\d*)?$/.exec(value);
  if (match === null) return undefined;
  const host = match[1] ?? match[2];
  return isIP(host) === 0 ? normalizeHostname(host) : host;
}
