/**
 * Who is behind a hop. A relayed connection reaches a terminator from a loopback address, so the
 * relay writes the client's address here before the first byte crosses, and the HTTP plane looks it
 * up by the whole hop: source address, source port and listener port.
 *
 * The table lies in shared memory: relay workers write, the HTTP plane reads. Entries are found in a
 * short window behind their hash; nothing is ever moved, so no lock is needed. The states of an
 * entry: free -> writing -> live -> closed -> (after {@linkcode HOP_REUSE_DELAY_MS}, with no request
 * in flight) writing again. There is no terminal state. Does no I/O.
 *
 * @module
 */
import { type Endpoint, formatIp, parseIp, unmapIpv4 } from "../base/addresses.ts";
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

/** Places an entry may take. At half load, 16 full places in a row come once in 60,000 hops. */
const WINDOW = 16;

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
    let chosen = -1;
    for (let step = 0; step < WINDOW; step++) {
      const at = this.#at(sourceIp, ports, step);
      const same = this.#words[at + SOURCE_IP] === sourceIp && this.#words[at + PORTS] === ports;
      const reusable = this.#reusable(at, nowMs);
      if (same && !reusable) return { kind: "held" };
      if (reusable && (chosen < 0 || same)) chosen = at;
    }
    if (chosen < 0 || !this.#claim(chosen)) return { kind: "held" };
    this.#write(chosen, sourceIp, ports, client, nowMs);
    return { kind: "open", slot: chosen / ENTRY_WORDS };
  }

  /** Marks a hop as closed. Its client can still be looked up by a request that is being handled. */
  close(slot: number, nowMs: number): void {
    const at = slot * ENTRY_WORDS;
    this.#words[at + CLOSED_AT] = nowMs | 0;
    Atomics.store(this.#words, at + STATE, CLOSED);
  }

  /** Finds the hop a request came over; undefined if the relay never opened it. */
  find(key: HopKey): Hop | undefined {
    const sourceIp = ipv4Word(key.sourceIp);
    const ports = key.sourcePort << 16 | key.listenerPort;
    for (let step = 0; step < WINDOW; step++) {
      const at = this.#at(sourceIp, ports, step);
      if (this.#words[at + PORTS] !== ports || this.#words[at + SOURCE_IP] !== sourceIp) continue;
      const state = Atomics.load(this.#words, at + STATE);
      if (state === LIVE || state === CLOSED) return this.#read(at);
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

  #at(sourceIp: number, ports: number, step: number): number {
    // Knuth's multiplicative hash; ephemeral ports are neighbours and must be spread.
    const hash = Math.imul(sourceIp ^ Math.imul(ports, 0x9e3779b1), 0x85ebca6b) >>> 0;
    return ((hash >>> 8) + step & this.#capacity - 1) * ENTRY_WORDS;
  }

  #reusable(at: number, nowMs: number): boolean {
    const state = Atomics.load(this.#words, at + STATE);
    if (state !== CLOSED) return state === FREE;
    return Atomics.load(this.#words, at + IN_FLIGHT) === 0 &&
      elapsedMs(this.#words[at + CLOSED_AT], nowMs) >= HOP_REUSE_DELAY_MS;
  }

  /** Two workers may want the same free place; one gets it. */
  #claim(at: number): boolean {
    const state = Atomics.load(this.#words, at + STATE);
    if (state !== FREE && state !== CLOSED) return false;
    return Atomics.compareExchange(this.#words, at + STATE, state, WRITING) === state;
  }

  #write(at: number, sourceIp: number, ports: number, client: Endpoint, nowMs: number): void {
    // First, so that a reader that is between find and begin learns that its hop has gone.
    Atomics.add(this.#words, at + GENERATION, 1);
    this.#words[at + SOURCE_IP] = sourceIp;
    this.#words[at + PORTS] = ports;
    writeIp(this.#words, at + CLIENT_IP, client.ip);
    this.#words[at + CLIENT_PORT] = client.port;
    this.#words[at + REQUESTS] = 0;
    Atomics.store(this.#words, at + IDLE_SINCE, nowMs | 0);
    Atomics.store(this.#words, at + STATE, LIVE);
  }

  #read(at: number): Hop {
    const slot = at / ENTRY_WORDS;
    const generation = Atomics.load(this.#words, at + GENERATION);
    const seen = this.#seen[slot];
    if (seen !== undefined && seen.generation === generation) return seen;
    const client = {
      ip: readIp(this.#words, at + CLIENT_IP),
      port: this.#words[at + CLIENT_PORT],
    };
    return this.#seen[slot] = { slot, generation, client };
  }
}

/** Milliseconds between two moments cut to 32 bits; right as long as they are within 24 days. */
function elapsedMs(sinceMs: number, nowMs: number): number {
  return (nowMs | 0) - sinceMs | 0;
}

/** @returns The address as one word; 0, which no hop has, if it is not IPv4. */
function ipv4Word(ip: string): number {
  const bytes = parseIp(unmapIpv4(ip));
  if (bytes === undefined || bytes.length !== 4) return 0;
  return bytes[0] << 24 | bytes[1] << 16 | bytes[2] << 8 | bytes[3];
}

/** Writes 16 bytes, IPv4 as mapped IPv6. */
function writeIp(words: Int32Array, at: number, ip: string): void {
  const bytes = parseIp(ip) ?? new Uint8Array(16);
  const mapped = new Uint8Array(words.buffer, at * 4, 16);
  if (bytes.length === 4) {
    mapped.fill(0, 0, 10).fill(0xff, 10, 12).set(bytes, 12);
  } else mapped.set(bytes);
}

function readIp(words: Int32Array, at: number): string {
  return unmapIpv4(formatIp(Uint8Array.from(new Uint8Array(words.buffer, at * 4, 16))));
}
