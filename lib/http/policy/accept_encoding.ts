/**
 * Which content coding a client would like best (RFC 9110 §12.5.3). Pure. Input comes from strangers.
 *
 * @module
 */
import type { ContentEncoding } from "../../config/config.ts";
import { isFieldName, trimOws } from "../http1/grammar.ts";
import type { HeaderLine } from "../message.ts";

/** RFC 9110 §12.4.2; a weight that is none makes the coding one that is not wanted. */
const WEIGHT = /^q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/i;

/**
 * Chooses a coding.
 *
 * @param offered In order of preference, for codings that the client likes equally.
 * @returns undefined for none: the answer goes as it is.
 */
export function chooseEncoding(
  headers: readonly HeaderLine[],
  offered: readonly ContentEncoding[],
): ContentEncoding | undefined {
  const weights = readWeights(headers);
  if (weights.size === 0) return undefined;
  const weightOf = (coding: string) => weights.get(coding) ?? weights.get("*") ?? 0;
  let best: ContentEncoding | undefined;
  for (const coding of offered) {
    if (best === undefined || weightOf(coding) > weightOf(best)) best = coding;
  }
  if (best === undefined || weightOf(best) === 0) return undefined;
  // Without a word about it, identity is as good as the last one.
  return weightOf(best) >= (weights.get("identity") ?? 0) ? best : undefined;
}

function readWeights(headers: readonly HeaderLine[]): Map<string, number> {
  const weights = new Map<string, number>();
  for (const [name, value] of headers) {
    if (!isFieldName(name, "accept-encoding")) continue;
    for (const item of value.toLowerCase().split(",")) {
      const [coding, ...parameters] = item.split(";").map(trimOws);
      if (coding === "") continue;
      weights.set(coding === "x-gzip" ? "gzip" : coding, readWeight(parameters));
    }
  }
  return weights;
}

function readWeight(parameters: readonly string[]): number {
  if (parameters.length === 0) return 1;
  const match = parameters.length === 1 ? WEIGHT.exec(parameters[0]) : null;
  return match === null ? 0 : Number(match[1]);
}
