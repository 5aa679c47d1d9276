/**
 * The dynamic table as the encoder sees it (RFC 7541 §2.3.2): fields are found by their name and value,
 * and the oldest ones go first. Takes memory as it fills. Pure.
 *
 * @module
 */
import { FIELD_OVERHEAD_BYTES } from "./dynamic_table.ts";
import { DYNAMIC_INDEX_START } from "./static_table.ts";

/** Values of one name: fields that change would drive out all others, and a search has to end. */
const VALUES_PER_NAME_MAX = 8;

/** Of the table: larger fields would drive out too many others. */
const FIELD_SHARE = 1 / 2;

/** A field that the other side remembers. */
export interface Entry {
  readonly name: string;
  readonly value: string;
  readonly bytes: number;
  /** How many had been added before. */
  readonly number: number;
  /** Of the same name; undefined if it has been evicted. */
  older: Entry | undefined;
  /** Of the same name. */
  newer: Entry | undefined;
  /** Of any name: the one that is evicted after this one. */
  next: Entry | undefined;
}

/** A table. */
export class EncoderTable {
  readonly #newestByName = new Map<string, Entry>();
  #oldest: Entry | undefined;
  #newest: Entry | undefined;
  #added = 0;
  #bytes = 0;
  #bytesMax: number;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** What the entries count (§4.1). */
  get bytes(): number {
    return this.#bytes;
  }

  /** Finds the newest entry of a name, with which a search for a value begins. */
  newestOf(name: string): Entry | undefined {
    return this.#newestByName.get(name);
  }

  /** The index of an entry, as of now (§2.3.3). */
  indexOf(entry: Entry): number {
    return DYNAMIC_INDEX_START + this.#added - 1 - entry.number;
  }

  /** Says whether a field should be added. @param newest As {@linkcode newestOf} has found it. */
  admits(name: string, value: string, newest: Entry | undefined): boolean {
    const bytes = name.length + value.length + FIELD_OVERHEAD_BYTES;
    if (bytes > this.#bytesMax * FIELD_SHARE) return false;
    let count = 0;
    for (let entry = newest; entry !== undefined; entry = entry.older) count++;
    return count < VALUES_PER_NAME_MAX;
  }

  /** Adds a field that {@linkcode admits} lets in, and evicts older ones for it (§4.4). */
  add(name: string, value: string): void {
    const bytes = name.length + value.length + FIELD_OVERHEAD_BYTES;
    this.#evictDownTo(this.#bytesMax - bytes);
    const older = this.#newestByName.get(name);
    const number = this.#added++;
    const entry: Entry = { name, value, bytes, number, older, newer: undefined, next: undefined };
    if (older !== undefined) older.newer = entry;
    this.#newestByName.set(name, entry);
    if (this.#newest === undefined) this.#oldest = entry;
    else this.#newest.next = entry;
    this.#newest = entry;
    this.#bytes += bytes;
  }

  /** Changes how large the table may be, and evicts what does not fit any more (§4.3). */
  setBytesMax(bytes: number): void {
    this.#bytesMax = bytes;
    this.#evictDownTo(bytes);
  }

  #evictDownTo(bytes: number): void {
    for (let entry = this.#oldest; entry !== undefined && this.#bytes > bytes;) {
      this.#bytes -= entry.bytes;
      // The oldest of all is the oldest of its name.
      if (entry.newer === undefined) this.#newestByName.delete(entry.name);
      else entry.newer.older = undefined;
      entry = this.#oldest = entry.next;
      if (entry === undefined) this.#newest = undefined;
    }
  }
}
