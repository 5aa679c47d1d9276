/**
 * `compress` -> which answers are compressed, and how. Pure.
 *
 * @module
 */
import { COMPRESS_MIN_BYTES } from "../base/limits.ts";
import type { CompressValues } from "./compress_schema.ts";
import type { CompressConfig, ContentEncoding } from "./config.ts";
import { mergePolicy } from "./merge_policy.ts";
import type { RouteContext } from "./route_context.ts";

/** Brotli is smaller by a sixth for text, at these settings and in about the same time. */
const ENCODINGS: readonly ContentEncoding[] = ["br", "gzip"];

/** Resolves `compress`; undefined if nothing is compressed. */
export function resolveCompress(context: RouteContext): CompressConfig | undefined {
  const given: CompressValues | undefined = mergePolicy(context, "compress");
  if (given === undefined) return undefined;
  return {
    types: given.types,
    minBytes: given.min_size ?? COMPRESS_MIN_BYTES,
    encodings: [...new Set(given.encodings ?? ENCODINGS)],
  };
}
