/**
 * The target that an upstream sees where a path strips its prefix or puts another in its place. Works
 * on what was sent: nothing else of it changes, no escape and no query. Pure. Input comes from
 * strangers.
 *
 * @module
 */
import type { PathRewriteConfig } from "../../config/config.ts";
import { pathOf } from "../application.ts";
import { hasDotSegments } from "./path_readings.ts";

/**
 * Rewrites the target of a request whose path `matchPath` has found: it begins with the pattern, in
 * segments of its own, however they are escaped.
 *
 * @returns undefined, for 400, if what is left would be read as another host (`//evil.example`), or if
 * the path has dot segments: what they lead to depends on what has been stripped.
 */
export function rewriteTarget(
  target: string,
  { segments, by }: PathRewriteConfig,
): string | undefined {
  if (target === "*") return target;
  const path = pathOf(target);
  if (hasDotSegments(path)) return undefined;
  const query = target.slice(path.length);
  const rewritten = by + path.slice(endOfSegments(path, segments));
  if (/^\/[/\\]/.test(rewritten)) return undefined;
  return (rewritten.startsWith("/") ? rewritten : `/${rewritten}`) + query;
}

/** @returns The position behind the first segments: of a slash, or of the end. */
function endOfSegments(path: string, count: number): number {
  let end = 0;
  for (let passed = 0; passed < count && end < path.length; passed++) {
    const slash = path.indexOf("/", end + 1);
    end = slash < 0 ? path.length : slash;
  }
  return end;
}
