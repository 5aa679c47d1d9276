/**
 * Policies of short configurations, for tests of how they are resolved.
 *
 * @module
 */
import type { PathConfig, PoliciesConfig } from "../../lib/config/config.ts";
import { messagesOf, routeOf } from "./parsing.ts";

/** A hash as `postern hash-password` prints it. */
export const HASH =
  "scrypt$16384$8$5$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

const ROUTE = "hosts: [a.b, c.d], mode: offload, upstream: http://b";

/** Returns the policies of an offload route with these keys. */
export function policiesOf(keys: string, defaults = "{}"): PoliciesConfig {
  return routeOf(`{ ${ROUTE}, ${keys} }`, `defaults: ${defaults}`).policies;
}

/** Returns the paths of an offload route with these entries. */
export function pathsOf(
  entries: string,
  keys = "timeouts: {}",
  defaults = "{}",
): readonly PathConfig[] {
  return routeOf(`{ ${ROUTE}, ${keys}, paths: [${entries}] }`, `defaults: ${defaults}`).paths;
}

/** Returns what is wrong with an offload route that has these keys. */
export function policyMessagesOf(keys: string, defaults = "{}"): string[] {
  return messagesOf(`{ ${ROUTE}, ${keys} }`, `defaults: ${defaults}`);
}
