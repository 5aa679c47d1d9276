/**
 * Which names a store accepts. Names contain hostnames, so this is where `..` ends. Pure.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { STATE_NAME_MAX_SEGMENTS } from "../base/certificate_limits.ts";
import { StateError } from "./state_error.ts";

/** The first character is no dot: names beginning with one are the store's own. 255: ext4, xfs. */
const SEGMENT = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,254}$/;

/** Says whether every segment between the slashes of `name` is plain and there are not too many. */
export function isStateName(name: string): boolean {
  const segments = name.split("/");
  return segments.length <= STATE_NAME_MAX_SEGMENTS &&
    segments.every((segment) => SEGMENT.test(segment));
}

/** Refuses what is not a name. @throws {StateError} If `name` is not one; kind `invalid_name`. */
export function checkStateName(name: string): void {
  if (isStateName(name)) return;
  throw new StateError("invalid_name", `Cannot use ${JSON.stringify(name)} as a name of state`, {
    path: name,
    hint: "segments between slashes hold letters, digits, '.', '_', '-' and begin with no dot",
  });
}

/** Leaves room for an ending, and for what a file that is set aside gets besides. */
const HOSTNAME_MAX_PLAIN = 200;

/**
 * Turns a hostname into a segment of a name. Hostnames too long for a file name are cut and told
 * apart by a digest.
 *
 * @param hostname Normalized; see `normalizeHostname`.
 */
export function hostnameSegment(hostname: string): string {
  if (hostname.length <= HOSTNAME_MAX_PLAIN) return hostname;
  const digest = createHash("sha256").update(hostname).digest("hex").slice(0, 16);
  return `${hostname.slice(0, HOSTNAME_MAX_PLAIN - digest.length - 1)}-${digest}`;
}
