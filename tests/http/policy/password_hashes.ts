/**
 * Hashes that cost next to nothing, for tests of what checks them.
 *
 * @module
 */
import { hashPassword, type PasswordHash } from "../../../lib/base/password_hash.ts";
import type { HeaderLine } from "../../../lib/http/message.ts";

/** Makes the hash of a password. */
export function cheapHash(password: string): Promise<PasswordHash> {
  return hashPassword(new TextEncoder().encode(password), { N: 16, r: 1, p: 1 });
}

/** The Authorization line of a name and a password (RFC 7617 §2). */
export function basic(name: string, password: string): HeaderLine {
  const bytes = new TextEncoder().encode(`${name}:${password}`);
  return ["Authorization", `Basic ${btoa(String.fromCharCode(...bytes))}`];
}
