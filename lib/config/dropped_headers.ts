/**
 * Headers that clients may not send to any path of a route, because an auth server vouches for them on
 * one of its paths: an upstream believes them, and does not know which paths are asked about. Pure.
 *
 * @module
 */
import type { PathConfig, PoliciesConfig } from "./config.ts";

/** What a route does with requests, and what its paths do. */
interface Guarded {
  readonly policies: PoliciesConfig;
  readonly paths: readonly PathConfig[];
}

/** Adds to the policies of a route and its paths what each has to drop. */
export function withDroppedHeaders({ policies, paths }: Guarded): Guarded {
  const all = new Set([policies, ...paths.map((path) => path.policies)]);
  const names = new Set(Array.from(all).flatMap((each) => each.forwardAuth?.copyHeaders ?? []));
  if (names.size === 0) return { policies, paths };
  // One object for each that there was: a path that says nothing shares its route's.
  const changed = new Map(Array.from(all, (each) => [each, withNames(each, names)]));
  return {
    policies: changed.get(policies)!,
    paths: paths.map((path) => ({ ...path, policies: changed.get(path.policies)! })),
  };
}

/** What a path's own auth server vouches for, it drops by itself. */
function withNames(policies: PoliciesConfig, names: ReadonlySet<string>): PoliciesConfig {
  const own = new Set(policies.forwardAuth?.copyHeaders.map((name) => name.toLowerCase()));
  const dropHeaders = [...names].filter((name) => !own.has(name.toLowerCase()));
  return dropHeaders.length === 0 ? policies : { ...policies, dropHeaders };
}
