/**
 * Finds the entry of `paths` that a request belongs to. The target is forwarded as it was sent; it is
 * only compared as servers may read it, and refused if they would not agree: `/api/../admin` belongs
 * to nobody. So whatever an upstream takes for a guarded path has met its guard. Pure. Input comes from
 * strangers.
 *
 * @module
 */
import type { PathConfig, PathPattern } from "../../config/config.ts";
import { pathOf } from "../application.ts";
import { isDoubtful, plainReading, readingsOf } from "./path_readings.ts";

/** Which entry is a request's. */
export type PathMatch =
  | { readonly kind: "path"; readonly path: PathConfig }
  /** The route itself. */
  | { readonly kind: "none" }
  /** To be answered with 400: servers may read the path in ways that belong to different entries. */
  | { readonly kind: "ambiguous" };

const NONE: PathMatch = { kind: "none" };
const AMBIGUOUS: PathMatch = { kind: "ambiguous" };

/**
 * Matches a target.
 *
 * @param paths The first that matches wins.
 * @param target In origin form, or `*`, which counts as `/`.
 */
export function matchPath(paths: readonly PathConfig[], target: string): PathMatch {
  const plain = plainReading(target === "*" ? "/" : pathOf(target));
  const found = find(paths, plain);
  if (isDoubtful(plain) && !isUnanimous(paths, plain, found)) return AMBIGUOUS;
  return found === undefined ? NONE : { kind: "path", path: found };
}

/** Says whether a pattern is for a path. @param path In lower case. */
export function matchesPattern({ kind, path: own }: PathPattern, path: string): boolean {
  if (!path.startsWith(own)) return false;
  return path.length === own.length || (kind === "prefix" && path[own.length] === "/");
}

function find(paths: readonly PathConfig[], path: string): PathConfig | undefined {
  for (const entry of paths) if (matchesPattern(entry.pattern, path)) return entry;
  return undefined;
}

function isUnanimous(
  paths: readonly PathConfig[],
  plain: string,
  found: PathConfig | undefined,
): boolean {
  const readings = readingsOf(plain);
  for (let next = readings.next();; next = readings.next()) {
    if (next.done) return next.value;
    if (find(paths, next.value) !== found) return false;
  }
}
