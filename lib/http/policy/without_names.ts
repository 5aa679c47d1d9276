/**
 * Header lines without those of some names. Pure.
 *
 * @module
 */
import type { HeaderLine } from "../message.ts";

/**
 * Returns the lines that are called otherwise, however a client writes the names.
 *
 * @param names In any case, with `-` or `_`.
 */
export function withoutNames(
  lines: readonly HeaderLine[],
  names: readonly string[],
): HeaderLine[] {
  const dropped = new Set(names.map(dashed));
  return lines.filter(([name]) => !dropped.has(dashed(name)));
}

/** Servers that hand headers on as variables (CGI, WSGI) cannot tell `_` from `-`, so neither does this. */
export function dashed(name: string): string {
  return name.toLowerCase().replaceAll("_", "-");
}
