/**
 * Sizes as people write them: a number and a unit, `KB` for 1,000 bytes and `KiB` for 1,024. Pure.
 *
 * @module
 */

/** In lower case, for nobody can tell what another spelling would mean. A map has no `constructor`. */
const UNITS_BYTES: ReadonlyMap<string, number> = new Map([
  ["b", 1],
  ["kb", 1_000],
  ["mb", 1_000 ** 2],
  ["gb", 1_000 ** 3],
  ["tb", 1_000 ** 4],
  ["kib", 1_024],
  ["mib", 1_024 ** 2],
  ["gib", 1_024 ** 3],
  ["tib", 1_024 ** 4],
]);

/**
 * Parses `10MB`, `16KiB`, `1.5 GiB`, `0B`.
 *
 * @returns Whole bytes, or undefined if the text is not a size (a bare number has no unit) or one
 * that a number cannot hold to the byte.
 */
export function parseSize(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?) ?([a-zA-Z]+)$/.exec(text.trim());
  if (match === null) return undefined;
  const bytes = Math.round(Number(match[1]) * (UNITS_BYTES.get(match[2].toLowerCase()) ?? NaN));
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}
