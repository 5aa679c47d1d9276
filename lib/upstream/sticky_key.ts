/**
 * What a sticky cookie says of a server: the same after every restart and in every Postern, and no
 * address to read off it. Whoever guesses an address can still confirm it: a name, not a secret. Pure.
 *
 * @module
 */
import { createHash } from "node:crypto";

/** Eight bytes: no two servers of an upstream have the same by accident. */
const KEY_CHARACTERS = 16;

/** Returns a server's key, 16 hex digits. @param name Of `formatServerName`. */
export function stickyKey(name: string): string {
  return createHash("sha256").update(`postern sticky ${name}`).digest("hex")
    .slice(0, KEY_CHARACTERS);
}
