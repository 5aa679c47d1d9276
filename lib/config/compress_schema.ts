/**
 * The key `compress` of `routes.yaml`. Pure.
 *
 * @module
 */
import { z } from "zod";
import { parseSize } from "../base/sizes.ts";
import type { ContentEncoding } from "./config.ts";
import { expecting, type Reading, text } from "./scalars.ts";
import { choice, list, mapping } from "./schema_kinds.ts";

/** A media type (RFC 9110 §8.3.1), or all of one kind: `text/*`. */
const MediaType = text(
  'a media type such as "application/json" or "text/*"',
  (input): Reading<string> => {
    const type = input.toLowerCase();
    if (type.startsWith("text/event-stream")) {
      return {
        kind: "problem",
        state: "events must not wait until there is something to compress",
      };
    }
    return /^[\w.+-]+\/(?:\*|[\w.+-]+)$/.test(type)
      ? { kind: "value", value: type }
      : { kind: "problem", state: "it is not a media type" };
  },
);

const MinSize = text('a size such as "1KiB"', (input): Reading<number> => {
  const bytes = parseSize(input);
  if (bytes !== undefined) return { kind: "value", value: bytes };
  const isBare = /^\d+$/.test(input.trim());
  return { kind: "problem", state: isBare ? "unit is missing" : "it is not a size" };
}, { numberState: "unit is missing" });

/** What `compress` holds where it is on. */
export interface CompressValues {
  readonly types?: readonly string[];
  readonly min_size?: number;
  readonly encodings?: readonly ContentEncoding[];
}

const COMPRESS_WANTED = 'true, false or a mapping with keys such as "types"';

/** `compress`. */
export const Compress = z.union([
  z.boolean().transform((isOn): CompressValues | "off" => isOn ? {} : "off"),
  z.literal("off", { error: expecting(COMPRESS_WANTED) }),
  mapping({
    types: list(MediaType, "a list of media types").min(1, {
      error: expecting("at least one type"),
    })
      .optional()
      .describe("Media types that are compressed. Default: those that get smaller by it."),
    min_size: MinSize.optional()
      .describe("Smaller answers, where the size is known, are left alone. Default 1KiB."),
    encodings: list(choice(["br", "gzip"]), "a list of br and gzip")
      .min(1, { error: expecting('"br", "gzip" or both') }).optional()
      .describe("In order of preference; the client's own goes first. Default br, gzip."),
  }),
], { error: expecting(COMPRESS_WANTED) });
