/**
 * One upstream as a run of numbers, so that worker threads share it: how servers are chosen, their
 * weights, where what is known of them stands, and whose turn it is. Reading allocates nothing. Pure.
 *
 *     head      algorithm, count of servers, turns taken, length of the sequence
 *     servers   weight, whether it is a backup, cells of `ServerCells`, a number of its own
 *     sequence  positions, if weights differ
 *
 * @module
 */
import type { LoadBalance } from "../config/config.ts";
import { hashBytes } from "./client_hash.ts";
import { weightedSequence } from "./weighted_sequence.ts";

/** One server of an upstream. */
export interface UpstreamMember {
  /** 1 to 256. */
  readonly weight: number;
  readonly isBackup: boolean;
  /** Of `ServerCells`: connections or requests that are open. */
  readonly openCell: number;
  /** Of `ServerCells`: set if the server is down. */
  readonly downCell: number;
  /** What tells it from others, wherever it stands in the list. */
  readonly name: string;
}

/** What is encoded. */
export interface UpstreamSource {
  readonly loadBalance: LoadBalance;
  readonly members: readonly UpstreamMember[];
}

const HEAD_WORDS = 4;
const ALGORITHM = 0;
const COUNT = 1;
const TURN = 2;
const SEQUENCE_LENGTH = 3;

const MEMBER_WORDS = 5;
const WEIGHT = 0;
const IS_BACKUP = 1;
const OPEN_CELL = 2;
const DOWN_CELL = 3;
const SEED = 4;

/** Algorithms by the number that stands for them. */
const LOAD_BALANCES: readonly LoadBalance[] = [
  "round_robin",
  "least_conn",
  "ip_hash",
  "random",
  "first",
];

const IP_HASH = LOAD_BALANCES.indexOf("ip_hash");

/** Encodes an upstream. */
export function encodeFlatUpstream({ loadBalance, members }: UpstreamSource): Int32Array {
  const weights = members.map(({ weight }) => weight);
  const isEven = weights.every((weight) => weight === weights[0]);
  const sequence = isEven ? [] : weightedSequence(weights);
  return Int32Array.from([
    LOAD_BALANCES.indexOf(loadBalance),
    members.length,
    0,
    sequence.length,
    ...members.flatMap(({ weight, isBackup, openCell, downCell, name }) => [
      weight,
      isBackup ? 1 : 0,
      openCell,
      downCell,
      seedOf(name),
    ]),
    ...sequence,
  ]);
}

function seedOf(name: string): number {
  const bytes = new TextEncoder().encode(name);
  return hashBytes(bytes, 0, bytes.length);
}

/** Reads an upstream. Positions count from 0 in the order of the file. */
export class FlatUpstream {
  readonly count: number;
  readonly #words: Int32Array<SharedArrayBuffer>;
  readonly #at: number;
  readonly #cells: Int32Array<SharedArrayBuffer>;
  readonly #sequenceAt: number;
  readonly #roundLength: number;

  /**
   * @param words Hold what {@linkcode encodeFlatUpstream} returned, from `at` on.
   * @param cells Of `ServerCells`.
   */
  constructor(
    words: Int32Array<SharedArrayBuffer>,
    at: number,
    cells: Int32Array<SharedArrayBuffer>,
  ) {
    this.#words = words;
    this.#at = at;
    this.#cells = cells;
    this.count = words[at + COUNT];
    this.#sequenceAt = at + HEAD_WORDS + MEMBER_WORDS * this.count;
    this.#roundLength = words[at + SEQUENCE_LENGTH] || this.count;
  }

  /** Makes an upstream that stands alone. @param cells The memory of `ServerCells`. */
  static of(source: UpstreamSource, cells: SharedArrayBuffer): FlatUpstream {
    const encoded = encodeFlatUpstream(source);
    const words = new Int32Array(new SharedArrayBuffer(encoded.byteLength));
    words.set(encoded);
    return new FlatUpstream(words, 0, new Int32Array(cells));
  }

  /** How a server is chosen. */
  get algorithm(): LoadBalance {
    return LOAD_BALANCES[this.#words[this.#at + ALGORITHM]];
  }

  /** Whether the choice depends on who asks. */
  get needsClient(): boolean {
    return this.#words[this.#at + ALGORITHM] === IP_HASH;
  }

  /** Returns a server's weight, 1 to 256. */
  weight(position: number): number {
    return this.#member(position, WEIGHT);
  }

  /** Says whether a server is for when the others are gone. */
  isBackup(position: number): boolean {
    return this.#member(position, IS_BACKUP) === 1;
  }

  /** Says whether a server is not known to be down. */
  isUp(position: number): boolean {
    return Atomics.load(this.#cells, this.#member(position, DOWN_CELL)) === 0;
  }

  /** Returns how many connections or requests a server has. */
  open(position: number): number {
    return Atomics.load(this.#cells, this.#member(position, OPEN_CELL));
  }

  /** Returns where that count stands. */
  openCell(position: number): number {
    return this.#member(position, OPEN_CELL);
  }

  /** Returns a number that is this server's own: 32 bits. */
  seed(position: number): number {
    return this.#member(position, SEED);
  }

  /** Takes a turn. @returns The position of the server whose turn it is. */
  takeTurn(): number {
    const turn = Atomics.add(this.#words, this.#at + TURN, 1) >>> 0;
    const step = turn % this.#roundLength;
    return this.#roundLength === this.count ? step : this.#words[this.#sequenceAt + step];
  }

  #member(position: number, field: number): number {
    return this.#words[this.#at + HEAD_WORDS + position * MEMBER_WORDS + field];
  }
}
