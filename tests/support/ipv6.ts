/**
 * Whether this machine has IPv6, which containers often lack; tests that need it say so where they are
 * skipped. Does I/O.
 *
 * @module
 */

import { testWithPrograms } from "./installed.ts";

/** Why there is no IPv6 here; undefined if there is. */
export const whyNoIpv6: string | undefined = hasIpv6() ? undefined : "no IPv6";

/** What the name of a test that needs IPv6 ends with: nothing, or why it is skipped. */
export const ipv6Note: string = whyNoIpv6 === undefined ? "" : ` (skipped: ${whyNoIpv6})`;

/** Registers a test that needs programs and IPv6; where one is missing it is skipped, and its name says so. */
export function testWithIpv6(...[programs, name, run]: Parameters<typeof testWithPrograms>): void {
  if (whyNoIpv6 === undefined) testWithPrograms(programs, name, run);
  else Deno.test({ name: `${name}${ipv6Note}`, ignore: true, fn() {} });
}

/** The kernel may know the protocol and have no address of it. */
function hasIpv6(): boolean {
  try {
    for (const hostname of ["::1", "::"]) Deno.listen({ hostname, port: 0 }).close();
    return true;
  } catch {
    return false; // That is what is asked.
  }
}
