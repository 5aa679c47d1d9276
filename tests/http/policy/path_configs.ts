/**
 * Entries of `paths` as the configuration makes them. Plain data.
 *
 * @module
 */
import type { PathConfig } from "../../../lib/config/config.ts";

/** Makes an entry. @param path As in `routes.yaml`: `/exact` or `/below/*`. */
export function makePath(path: string, fields: Partial<PathConfig> = {}): PathConfig {
  const isPrefix = path.endsWith("/*");
  return {
    pattern: {
      kind: isPrefix ? "prefix" : "exact",
      path: (isPrefix ? path.slice(0, -2) : path).toLowerCase(),
    },
    servers: [],
    redirect: undefined,
    respond: undefined,
    rewrite: undefined,
    policies: {},
    ...fields,
  };
}
