/**
 * Who is behind a hop. A relayed connection reaches a terminator from a loopback address, so the
 * relay writes the client's address here before the first byte crosses, and the HTTP plane looks it
 * up by the whole hop: source address, source port and listener port.
 *
 * The table lies in shared memory: relay workers write, the HTTP plane reads. An entry is in one of a
 * few places that follow from its key; nothing is ever moved, so no lock is needed. The states of an
 * entry: free -> writing -> live -> closed -> (after {@linkcode HOP_REUSE_DELAY_MS}, with no request
 * in flight) writing again. There is no terminal state. Readers are never blocked: they take what
 * they read for good if the entry's generation is the same before and after. Does no I/O.
 *
 * @module
 */
import { type Endpoint, formatUnmappedIp, parseIp, unmapIpv4 } from "../base/addresses.ts";
import { HOP_CAPACITY, HOP_REUSE_DELAY_MS } from "../base/limits.ts";

/** What tells one hop from every other one that is open at the same time. */
export interface HopKey {
  /** The relay's side, an IPv4 address of 127.0.0.0/8. */
  readonly sourceIp: string;
  readonly sourcePort: number;
  readonly listenerPort: number;
}

/** A hop that was found. Valid while a request is in flight, see {@linkcode AddressBook.begin}. */
export interface Hop {
  readonly slot: number;
  readonly generation: number;
  readonly client: Endpoint;
}

/** What became of {@linkcode AddressBook.open}. */
export type OpenHopResult =
  | { readonly kind: "open"; readonly slot: number }
  /** The key, or every place it could take, is held by a hop that is open or closed a moment ago. */
  | { readonly kind: "held" };

const FREE = 0;
const WRITING = 1;
const LIVE = 2;
const CLOSED = 3;

/** Fields of an entry, as indices of 32-bit words. One entry fills one cache line. */
const STATE = 0;
const GENERATION = 1;
const SOURCE_IP = 2;
const PORTS = 3;
const CLIENT_IP = 4;
const CLIENT_PORT = 8;
const IN_FLIGHT = 9;
const REQUESTS = 10;
const IDLE_SINCE = 11;
const CLOSED_AT = 12;
const ENTRY_WORDS = 16;

/**
 * Places an entry may take, spread over the table (neighbouring places would fill up in clusters).
 * At half load all 16 are taken once in 60,000 hops.
 */
const PLACES = 16;

const DOT = 0x2e;
const DIGIT_ZERO = 0x30;
const DIGIT_NINE = 0x39;

/** A moment up to so far ahead is "now": another thread may have read the clock a little later. */
const CLOCK_SKEW_MS = 60_000;

/** The shared table. Moments are milliseconds of any steady clock that all parties share. */
export class AddressBook {
  /** Hand this to a worker, which makes its own `AddressBook` of it. */
  readonly memory: SharedArrayBuffer;
  readonly #words: Int32Array;
  readonly #capacity: number;
  /** Endpoints as objects, by slot, so that a keep-alive connection formats its client once. */
  readonly #seen: (Hop | undefined)[] = [];

  /** @param memory Of another book that this one shares; by default a new and empty one. */
  constructor(memory: SharedArrayBuffer = AddressBook.allocate(HOP_CAPACITY)) {
    this.memory = memory;
    this.#words = new Int32Array(memory);
    this.#capacity = this.#words.length / ENTRY_WORDS;
  }

  /** @param capacity A power of two, in hops; 64 bytes each, untouched ones cost no memory. */
  static allocate(capacity: number): SharedArrayBuffer {
    return new SharedArrayBuffer(capacity * ENTRY_WORDS * 4);
  }

  /**
   * Enters a hop. Call it when the local port is known and before the first byte is sent.
   *
   * @returns `held` if the key may not be used yet: dial again, from another port.
   */
  open(key: HopKey, client: Endpoint, nowMs: number): OpenHopResult {
    const sourceIp = ipv4Word(key.sourceIp);
    const ports = key.sourcePort << 16 | key.listenerPort;
    const hash = hashOf(sourceIp, ports);
    let chosen = -1;
    for (let step = 0; step < PLACES; step++) {
      const at = this.#place(hash, step);
      const isSame = this.#has(at, sourceIp, ports);
      const isReusable = this.#isReusable(at, nowMs);
      if (isSame && !isReusable) return { kind: "held" };
      if (isReusable && (chosen < 0 || isSame)) chosen = at;
    }
    if (chosen < 0 || !this.#claim(chosen, nowMs)) return { kind: "held" };
    this.#write(chosen, sourceIp, ports, client, nowMs);
    return { kind: "open", slot: chosen / ENTRY_WORDS };
  }

  /**
   * Marks a hop as closed; call it once. For {@linkcode HOP_REUSE_DELAY_MS} its client can still be
   * looked up by a request that the HTTP plane takes up late.
   */
  close(slot: number, nowMs: number): void {
    const at = slot * ENTRY_WORDS;
    Atomics.store(this.#words, at + CLOSED_AT, nowMs | 0);
    Atomics.store(this.#words, at + STATE, CLOSED);
  }

  /**
   * Finds the hop a request came over.
   *
   * @returns undefined if the relay never opened it, or closed it so long ago that whoever uses the
   * port now is somebody else.
   */
  find(key: HopKey, nowMs: number): Hop | undefined {
    const sourceIp = ipv4Word(key.sourceIp);
    if (sourceIp === 0) return undefined;
    const ports = key.sourcePort << 16 | key.listenerPort;
    const hash = hashOf(sourceIp, ports);
    for (let step = 0; step < PLACES; step++) {
      const at = this.#place(hash, step);
      const generation = Atomics.load(this.#words, at + GENERATION);
      if (!this.#has(at, sourceIp, ports)) continue;
      if (!this.#isKnown(at, nowMs)) return undefined;
      const hop = this.#read(at, generation);
      return Atomics.load(this.#words, at + GENERATION) === generation ? hop : undefined;
    }
    return undefined;
  }

  /**
   * Counts a request in; its hop's entry is kept until {@linkcode AddressBook.end}.
   *
   * @returns false if the entry has meanwhile become another hop's: the request must be refused.
   */
  begin(hop: Hop): boolean {
    const at = hop.slot * ENTRY_WORDS;
    Atomics.add(this.#words, at + IN_FLIGHT, 1);
    if (Atomics.load(this.#words, at + GENERATION) === hop.generation) {
      Atomics.add(this.#words, at + REQUESTS, 1);
      return true;
    }
    Atomics.sub(this.#words, at + IN_FLIGHT, 1);
    return false;
  }

  /** Counts a request out. */
  end(hop: Hop, nowMs: number): void {
    const at = hop.slot * ENTRY_WORDS;
    Atomics.store(this.#words, at + IDLE_SINCE, nowMs | 0);
    Atomics.sub(this.#words, at + IN_FLIGHT, 1);
  }

  /** Says how a hop is used: requests begun so far, in flight, and for how long none has been. */
  usage(slot: number, nowMs: number): { requests: number; inFlight: number; idleMs: number } {
    const at = slot * ENTRY_WORDS;
    const inFlight = Atomics.load(this.#words, at + IN_FLIGHT);
    const idleMs = inFlight > 0 ? 0 : elapsedMs(Atomics.load(this.#words, at + IDLE_SINCE), nowMs);
    return { requests: Atomics.load(this.#words, at + REQUESTS), inFlight, idleMs };
  }

  /** Returns how many hops are open and how many requests are in flight; reads the whole table. */
  totals(): { open: number; inFlight: number } {
    let open = 0;
    let inFlight = 0;
    for (let at = 0; at < this.#words.length; at += ENTRY_WORDS) {
      if (this.#words[at + STATE] === LIVE) open++;
      inFlight += this.#words[at + IN_FLIGHT];
    }
    return { open, inFlight };
  }

  #place(hash: number, step: number): number {
    // An odd stride visits every place of a table whose size is a power of two.
    const stride = hash >>> 16 | 1;
    return (hash + Math.imul(step, stride) & this.#capacity - 1) * ENTRY_WORDS;
  }

  #has(at: number, sourceIp: number, ports: number): boolean {
    return Atomics.load(this.#words, at + PORTS) === ports &&
      Atomics.load(this.#words, at + SOURCE_IP) === sourceIp;
  }

  #isKnown(at: number, nowMs: number): boolean {
    const state = Atomics.load(this.#words, at + STATE);
    return state === LIVE || state === CLOSED && !this.#isPast(at, nowMs);
  }

  #isReusable(at: number, nowMs: number): boolean {
    const state = Atomics.load(this.#words, at + STATE);
    if (state !== CLOSED) return state === FREE;
    return Atomics.load(this.#words, at + IN_FLIGHT) === 0 && this.#isPast(at, nowMs);
  }

  #isPast(at: number, nowMs: number): boolean {
    return elapsedMs(Atomics.load(this.#words, at + CLOSED_AT), nowMs) >= HOP_REUSE_DELAY_MS;
  }

  /** Takes a place for writing. Two workers may want the same one; one gets it. */
  #claim(at: number, nowMs: number): boolean {
    const state = Atomics.load(this.#words, at + STATE);
    if (!this.#isReusable(at, nowMs)) return false;
    if (Atomics.compareExchange(this.#words, at + STATE, state, WRITING) !== state) return false;
    // Before the fields, so that a reader that is between find and begin learns that its hop has gone.
    Atomics.add(this.#words, at + GENERATION, 1);
    if (Atomics.load(this.#words, at + IN_FLIGHT) === 0) return true;
    // A request began between the two looks: either it sees the new generation, or we see it here.
    this.close(at / ENTRY_WORDS, nowMs);
    return false;
  }

  #write(at: number, sourceIp: number, ports: number, client: Endpoint, nowMs: number): void {
    const words = this.#words;
    Atomics.store(words, at + SOURCE_IP, sourceIp);
    Atomics.store(words, at + PORTS, ports);
    ipWords(client.ip).forEach((word, index) => Atomics.store(words, at + CLIENT_IP + index, word));
    Atomics.store(words, at + CLIENT_PORT, client.port);
    Atomics.store(words, at + REQUESTS, 0);
    Atomics.store(words, at + IDLE_SINCE, nowMs | 0);
    Atomics.store(words, at + STATE, LIVE);
  }

  #read(at: number, generation: number): Hop {
    const slot = at / ENTRY_WORDS;
    const seen = this.#seen[slot];
    if (seen !== undefined && seen.generation === generation) return seen;
    const words = this.#words;
    const ip = formatIpWords(
      Int32Array.from({ length: 4 }, (_, index) => Atomics.load(words, at + CLIENT_IP + index)),
    );
    const client = { ip, port: Atomics.load(words, at + CLIENT_PORT) };
    return this.#seen[slot] = { slot, generation, client };
  }
}

/**
 * Mixes a key into 32 bits (the finalizer of MurmurHash3). Keys differ in few bits, and of those most
 * are in the upper half: one multiplication would leave the lower half of every hash the same.
 */
function hashOf(sourceIp: number, ports: number): number {
  let hash = sourceIp ^ Math.imul(ports, 0x9e3779b1);
  hash = Math.imul(hash ^ hash >>> 16, 0x85ebca6b);
  hash = Math.imul(hash ^ hash >>> 13, 0xc2b2ae35);
  return (hash ^ hash >>> 16) >>> 0;
}

/**
 * Milliseconds between two moments of which the lower 32 bits are known: right for 49 days, then it
 * begins anew: one place in 66,000 that was last closed so long ago counts as closed just now.
 */
function elapsedMs(sinceMs: number, nowMs: number): number {
  const ms = (nowMs | 0) - sinceMs >>> 0;
  return ms > 2 ** 32 - CLOCK_SKEW_MS ? 0 : ms;
}

/** @returns The address as one word; 0, which no hop has, if it is not IPv4. */
function ipv4Word(ip: string): number {
  const plain = unmapIpv4(ip);
  let word = 0;
  let part = -1;
  let dots = 0;
  // By hand: each connection looks its hop up, and everything else takes ten times as long.
  for (let index = 0; index < plain.length; index++) {
    const code = plain.charCodeAt(index);
    if (code === DOT && part >= 0) {
      word = word << 8 | part;
      part = -1;
      dots++;
    } else {
      part = Math.max(part, 0) * 10 + code - DIGIT_ZERO;
      if (code < DIGIT_ZERO || code > DIGIT_NINE || part > 255) return 0;
    }
  }
  return dots === 3 && part >= 0 ? word << 8 | part : 0;
}

/** The 16 bytes of an address, IPv4 as mapped IPv6, as four words in the order of memory. */
function ipWords(ip: string): Int32Array {
  const bytes = parseIp(ip) ?? new Uint8Array(16);
  const mapped = new Uint8Array(16);
  if (bytes.length === 4) mapped.fill(0xff, 10, 12).set(bytes, 12);
  else mapped.set(bytes);
  return new Int32Array(mapped.buffer);
}

function formatIpWords(words: Int32Array<ArrayBuffer>): string {
  return formatUnmappedIp(new Uint8Array(words.buffer));
}
