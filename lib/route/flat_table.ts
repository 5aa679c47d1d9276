/**
 * The route table as one piece of memory that several threads read at the same time, without a lock
 * and without a copy of their own: it is written once and never changed; a reload makes another one.
 *
 * A hash table with open addressing. A wildcard stands in it under its name with the dot before it
 * (`.example.org`), which no hostname begins with, so that one table holds both kinds of hosts. All
 * words are 32 bits in the machine's byte order: the memory never leaves the process.
 *
 *     header   slots, seed, match of the catch-all, unused
 *     slots    hash, match, start of the name, length of the name
 *     names    ASCII, one behind the other
 *
 * A match is stored plus one, so that zero, which fresh memory holds, means that there is none.
 *
 * Names that are looked up come from strangers, those in the table do not. What a look-up can cost is
 * the longest run of occupied slots, and that is settled when the table is made: at most half of the
 * slots are occupied, and with a seed of its own for each table nobody who gets names into the file
 * (a customer, say) can choose them for one long run. A stranger's choice of names changes nothing.
 *
 * Pure. Input comes from strangers.
 *
 * @module
 */
import { type HostPattern, normalizeHostname } from "../base/hostnames.ts";
import type { RouteTable } from "./route_table.ts";

const HEADER_SLOTS = 0;
const HEADER_SEED = 1;
const HEADER_ANY = 2;
/** As long as a slot: slots then start at multiples of 16, and none lies in two cache lines. */
const HEADER_WORDS = 4;

const SLOT_HASH = 0;
const SLOT_MATCH = 1;
const SLOT_START = 2;
const SLOT_LENGTH = 3;
const SLOT_WORDS = 4;

const WORD_BYTES = 4;

/** What {@linkcode FlatTable.match} returns where no route matches. */
export const NO_MATCH = -1;

/** How to make a table. */
export interface FlatTableOptions {
  /** An unsigned 32-bit number. Default: a random one. */
  readonly seed?: number;
}

/** A host as it is written. */
interface Entry {
  readonly key: string;
  /** Position in `RouteTable.matches`. */
  readonly index: number;
}

/**
 * Encodes a table for {@linkcode FlatTable}, which then returns positions in `table.matches`.
 *
 * @param table A host stands at most once in it.
 */
export function encodeFlatTable(
  table: RouteTable,
  options: FlatTableOptions = {},
): SharedArrayBuffer {
  const seed = options.seed ?? crypto.getRandomValues(new Uint32Array(1))[0];
  const entries = table.matches.flatMap(({ pattern }, index): Entry[] => {
    const key = keyOf(pattern);
    return key === undefined ? [] : [{ key, index }];
  });
  const slots = countSlots(entries.length);
  const nameBytes = entries.reduce((sum, { key }) => sum + key.length, 0);
  const memory = new SharedArrayBuffer(namesStart(slots) + nameBytes);
  const words = new Int32Array(memory, 0, HEADER_WORDS + slots * SLOT_WORDS);
  words[HEADER_SLOTS] = slots;
  words[HEADER_SEED] = seed;
  words[HEADER_ANY] = table.matches.findIndex(({ pattern }) => pattern.kind === "any") + 1;
  writeEntries(entries, words, new Uint8Array(memory, namesStart(slots)));
  return memory;
}

/** Reads memory that {@linkcode encodeFlatTable} has made, in any thread. */
export class FlatTable {
  readonly #words: Int32Array;
  readonly #names: Uint8Array;
  readonly #seed: number;
  readonly #any: number;

  /** @param memory Is not copied. */
  constructor(memory: SharedArrayBuffer) {
    const header = new Int32Array(memory, 0, HEADER_WORDS);
    const slots = header[HEADER_SLOTS];
    this.#words = new Int32Array(memory, 0, HEADER_WORDS + slots * SLOT_WORDS);
    this.#names = new Uint8Array(memory, namesStart(slots));
    this.#seed = header[HEADER_SEED];
    this.#any = header[HEADER_ANY] - 1;
  }

  /**
   * Finds a name as {@linkcode RouteTable.match} does. Allocates nothing but what bringing the name
   * into its normal form takes.
   *
   * @param name As a stranger sent it, or undefined if none was sent.
   * @returns A position in `RouteTable.matches`, or {@linkcode NO_MATCH}.
   */
  match(name: string | undefined): number {
    const hostname = name === undefined ? undefined : normalizeHostname(name);
    if (hostname === undefined) return this.#any;
    const exact = this.#find(hostname, 0);
    if (exact !== NO_MATCH) return exact;
    const dot = hostname.indexOf(".");
    const wildcard = dot < 0 ? NO_MATCH : this.#find(hostname, dot);
    return wildcard === NO_MATCH ? this.#any : wildcard;
  }

  /** Finds what stands in `text` from `start` on. */
  #find(text: string, start: number): number {
    const words = this.#words;
    const hash = hashOf(text, start, this.#seed);
    for (let at = firstSlot(words, hash);; at = nextSlot(words, at)) {
      const match = words[at + SLOT_MATCH];
      // At least half of the slots are empty: every look-up comes to one.
      if (match === 0) return NO_MATCH;
      if (words[at + SLOT_HASH] === hash && this.#isAt(at, text, start)) return match - 1;
    }
  }

  #isAt(at: number, text: string, start: number): boolean {
    const length = this.#words[at + SLOT_LENGTH];
    if (length !== text.length - start) return false;
    const nameStart = this.#words[at + SLOT_START];
    for (let i = 0; i < length; i++) {
      if (this.#names[nameStart + i] !== text.charCodeAt(start + i)) return false;
    }
    return true;
  }
}

function writeEntries(entries: readonly Entry[], words: Int32Array, names: Uint8Array): void {
  let start = 0;
  for (const { key, index } of entries) {
    const hash = hashOf(key, 0, words[HEADER_SEED]);
    let at = firstSlot(words, hash);
    while (words[at + SLOT_MATCH] !== 0) at = nextSlot(words, at);
    words[at + SLOT_HASH] = hash;
    words[at + SLOT_MATCH] = index + 1;
    words[at + SLOT_START] = start;
    words[at + SLOT_LENGTH] = key.length;
    for (let i = 0; i < key.length; i++) names[start + i] = key.charCodeAt(i);
    start += key.length;
  }
}

/** @returns undefined for the catch-all, which stands in the header. */
function keyOf(pattern: HostPattern): string | undefined {
  if (pattern.kind === "any") return undefined;
  return pattern.kind === "wildcard" ? `.${pattern.name}` : pattern.name;
}

/** @returns A power of two, at least twice `count`, so that runs stay short; 2 for an empty table. */
function countSlots(count: number): number {
  let slots = 2;
  while (slots < 2 * count) slots *= 2;
  return slots;
}

function namesStart(slots: number): number {
  return (HEADER_WORDS + slots * SLOT_WORDS) * WORD_BYTES;
}

/** @returns The position of a slot's first word. */
function firstSlot(words: Int32Array, hash: number): number {
  return HEADER_WORDS + (hash & words[HEADER_SLOTS] - 1) * SLOT_WORDS;
}

function nextSlot(words: Int32Array, at: number): number {
  return at + SLOT_WORDS < words.length ? at + SLOT_WORDS : HEADER_WORDS;
}

/**
 * FNV-1a with a seed (draft-eastlake-fnv §2), then the finalizer of MurmurHash3: by itself the low
 * bits of FNV-1a, which choose the slot, depend on the low bits of the characters only.
 *
 * @param text ASCII.
 * @returns A signed 32-bit number for what stands from `start` on.
 */
function hashOf(text: string, start: number, seed: number): number {
  let hash = 0x811c9dc5 ^ seed;
  for (let i = start; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  }
  hash = Math.imul(hash ^ hash >>> 16, 0x85ebca6b);
  hash = Math.imul(hash ^ hash >>> 13, 0xc2b2ae35);
  return hash ^ hash >>> 16;
}
