/**
 * Header lines without those of some names. Pure.
 *
 * @module
 */
import type { HeaderLine } from "../message.ts";

const OTHER_SIGN = /[^a-z\d-]/g;

/**
 * Returns the lines that are called otherwise, however a client writes the names.
 *
 * @param names In any case, and with any sign for `-`.
 */
export function withoutNames(
  lines: readonly HeaderLine[],
  names: readonly string[],
): HeaderLine[] {
  const dropped = new Set(names.map(dashed));
  return lines.filter(([name]) => !dropped.has(dashed(name)));
}

/**
 * Returns what a name has in common with all that some server takes for it: CGI and WSGI make variables
 * of names, in which `-` is `_`, PHP turns `.` into `_` as well, lighttpd whatever is no letter or digit.
 */
export function dashed(name: string): string {
  return name.toLowerCase().replace(OTHER_SIGN, "-");
}
