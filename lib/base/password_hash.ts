/**
 * Passwords as they may lie in a file: `scrypt$N$r$p$salt$hash`, salt and hash in base64url (RFC 7914
 * scrypt). Making and checking one takes a fifth of a second of a thread of the runtime's pool, not of
 * the event loop; whoever checks bounds how many at once. Passwords come from strangers.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { randomBytes, scrypt, timingSafeEqual } from "node:crypto";

/** A hash with what it was made with. */
export interface PasswordHash extends ScryptCost {
  readonly salt: Uint8Array;
  readonly hash: Uint8Array;
}

/** What one hash costs: `128 * N * r` bytes of memory, `p` times over in time. */
export interface ScryptCost {
  /** A power of two. */
  readonly N: number;
  readonly r: number;
  readonly p: number;
}

/** What a text is, or why it is no hash. */
export type ParsedPasswordHash =
  | { readonly kind: "hash"; readonly hash: PasswordHash }
  | { readonly kind: "problem"; readonly state: string };

/**
 * 16 MiB and about 0.2 s: as strong as the usual recommendation of 128 MiB and p = 1 (OWASP), and of a
 * size that a Raspberry Pi can afford a few times at once.
 */
const COST: ScryptCost = { N: 16_384, r: 8, p: 5 };

/** No hash of ours costs more, and a mistyped one must not take the memory of the host. */
const MEMORY_MAX_BYTES = 64 * 1024 * 1024;
const PARALLEL_MAX = 16;

const SALT_BYTES = 16;
const HASH_BYTES = 32;

/** Salt and hash of 8 to 64 bytes. */
const FORMAT = /^scrypt\$(\d{1,8})\$(\d{1,3})\$(\d{1,3})\$([\w-]{11,86})\$([\w-]{11,86})$/;

/** Hashes of other programs, by how they begin. */
const OTHERS = /^(?:\$2[abxy]?\$|\$argon2|\$apr1\$|\$[156y]\$|\{SHA\}|\{SSHA\})/i;

/** Parses a hash. Pure. */
export function parsePasswordHash(text: string): ParsedPasswordHash {
  const match = FORMAT.exec(text);
  if (match === null) return problem(describe(text));
  const [N, r, p] = [match[1], match[2], match[3]].map(Number);
  if (N < 2 || (N & (N - 1)) !== 0) return problem("its N is not a power of two");
  if (r < 1 || p < 1) return problem("its r or p is zero");
  if (128 * N * r > MEMORY_MAX_BYTES || p > PARALLEL_MAX) {
    return problem("checking it would take too much memory or time");
  }
  const [salt, hash] = [match[4], match[5]].map((part) => Buffer.from(part, "base64url"));
  return { kind: "hash", hash: { N, r, p, salt, hash } };
}

/** Formats a hash as it stands in the configuration. Pure. */
export function formatPasswordHash({ N, r, p, salt, hash }: PasswordHash): string {
  return `scrypt$${N}$${r}$${p}$${base64Url(salt)}$${base64Url(hash)}`;
}

/** Makes the hash of a password, with a salt of its own. */
export async function hashPassword(
  password: Uint8Array,
  cost: ScryptCost = COST,
): Promise<PasswordHash> {
  const salt = randomBytes(SALT_BYTES);
  return { ...cost, salt, hash: await derive(password, { ...cost, salt }, HASH_BYTES) };
}

/** Says whether a hash is that of a password; takes the same time for both answers. */
export async function isPassword(password: Uint8Array, hash: PasswordHash): Promise<boolean> {
  return timingSafeEqual(await derive(password, hash, hash.hash.length), hash.hash);
}

/** Makes a hash that no password has: checking one against it takes as long as against `like`. */
export function unmatchedHash(like: PasswordHash): PasswordHash {
  return { ...like, salt: randomBytes(like.salt.length), hash: randomBytes(like.hash.length) };
}

function derive(
  password: Uint8Array,
  { N, r, p, salt }: ScryptCost & { readonly salt: Uint8Array },
  length: number,
): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    // The limit is one on what is allocated, a little more than 128 * N * r.
    const options = { N, r, p, maxmem: 2 * MEMORY_MAX_BYTES };
    scrypt(password, salt, length, options, (error, key) => {
      if (error) reject(error);
      else resolve(key);
    });
  });
}

function describe(text: string): string {
  if (text === "") return "it is empty";
  if (OTHERS.test(text)) return "it is a hash of another kind";
  return text.startsWith("scrypt$") ? "it is not whole" : "it is not a hash";
}

function problem(state: string): ParsedPasswordHash {
  return { kind: "problem", state };
}

function base64Url(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64url");
}
