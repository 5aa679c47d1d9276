/**
 * Files of lib/ without a test file at the mirrored path, each with the test that covers it. Plain
 * data, in order of the path.
 *
 * @module
 */

/** A file, or with a final slash a folder, to the test file that covers it. */
export const TESTED_ELSEWHERE: Readonly<Record<string, string>> = {
  // Numbers only: their units, values and reasons are looked at.
  "lib/base/limits.ts": "tests/conventions/limits_test.ts",
};
