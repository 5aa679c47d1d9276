/**
 * The kinds of value that keys have besides texts: one of several words, a mapping, a list. Each says
 * in the same words what is expected. Pure.
 *
 * @module
 */
import { z } from "zod";
import { formatChoice, quote } from "./problem.ts";
import { expecting } from "./scalars.ts";

/** Makes the schema of one of several words. */
export function choice<const T extends readonly string[]>(values: T) {
  return z.enum(values, { error: expecting(formatChoice(values)) });
}

/** Makes the schema of a mapping that has these keys and no others. */
export function mapping<T extends z.core.$ZodLooseShape>(shape: T) {
  const wanted = `a mapping with keys such as ${quote(Object.keys(shape)[0])}`;
  return z.strictObject(shape, { error: expecting(wanted) });
}

/** Makes the schema of a list. */
export function list<T extends z.ZodType>(item: T, wanted: string) {
  return z.array(item, { error: expecting(wanted) });
}

/**
 * Makes the schema of a list in which a lone value counts as a list of one.
 *
 * @param options `least` (default 1) and `most` entries.
 */
export function oneOrMore<T extends z.ZodType>(
  item: T,
  wanted: string,
  options: { least?: number; most?: number } = {},
) {
  const error = expecting(wanted);
  const { least = 1, most = Infinity } = options;
  const some = list(item, wanted).min(least, { error: expecting("at least one address") });
  const items = most === Infinity
    ? some
    : some.max(most, { error: expecting(`at most ${most} addresses`) });
  return z.union([item.transform((lone: z.output<T>): z.output<T>[] => [lone]), items], { error });
}

/**
 * Makes the schema of a whole number.
 *
 * @param hint What to do instead of giving one that is out of range.
 */
export function wholeNumber(least: number, most: number, hint?: string) {
  const error = expecting(`a number from ${least} to ${most}`, {
    numberState: "it is out of range",
  });
  return z.number({ error })
    .refine((value) => Number.isInteger(value) && value >= least && value <= most, {
      error,
      params: { hint },
    });
}
