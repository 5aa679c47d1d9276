/**
 * The Retry-After header (RFC 9110 §10.2.3). Pure. Input comes from strangers.
 *
 * @module
 */

/**
 * Parses seconds or a date.
 *
 * @param nowAt Milliseconds since 1970.
 * @returns Milliseconds from now, not negative; undefined if there is none or it is neither.
 */
export function parseRetryAfter(value: string | null, nowAt: number): number | undefined {
  if (value === null) return undefined;
  if (/^\d{1,9}$/.test(value)) return Number(value) * 1_000;
  const dateAt = /^[A-Z][a-z]{2,8}, /.test(value) ? Date.parse(value) : NaN;
  return Number.isNaN(dateAt) ? undefined : Math.max(0, dateAt - nowAt);
}
