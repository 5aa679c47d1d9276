/**
 * The fields that one side has told the other to remember (RFC 7541 §2.3.2, §4), newest first. Takes
 * memory as it fills. Pure. Input comes from strangers.
 *
 * @module
 */
import type { HeaderLine } from "../../message.ts";

/** What an entry counts beside its text (§4.1), and a field within a list (RFC 9113 §10.5.1). */
export const FIELD_OVERHEAD_BYTES = 32;

/** The size of a table before anything has been said about it (RFC 9113 §6.5.2). */
export const INITIAL_TABLE_BYTES = 4096;

/** Slots of the first ring; it doubles up to what the size of the table lets in. */
const FIRST_SLOTS = 16;

/** Says how much a field counts, in a table as in a list. @returns Bytes. */
export function fieldBytes([name, value]: HeaderLine): number {
  return name.length + value.length + FIELD_OVERHEAD_BYTES;
}

/** A table. Its entries stand in a ring, so that nothing moves when one is added. */
export class DynamicTable {
  #slots: (HeaderLine | undefined)[] = [];
  /** Where the next entry goes, before it is taken round the ring. */
  #next = 0;
  #count = 0;
  #bytes = 0;
  #bytesMax: number;

  /** @param bytesMax The sum of {@linkcode fieldBytes} that its entries may reach. */
  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** How many entries there are. */
  get count(): number {
    return this.#count;
  }

  /** What they count (§4.1). */
  get bytes(): number {
    return this.#bytes;
  }

  /** Finds an entry. @param age From 0, the newest. @returns undefined if there are not as many. */
  get(age: number): HeaderLine | undefined {
    if (age >= this.#count) return undefined;
    return this.#slots[(this.#next - 1 - age) & (this.#slots.length - 1)];
  }

  /** Adds an entry and evicts older ones for it; one that is too large empties the table (§4.4). */
  add(line: HeaderLine): void {
    const bytes = fieldBytes(line);
    this.#evictDownTo(this.#bytesMax - bytes);
    if (bytes > this.#bytesMax) return;
    if (this.#count === this.#slots.length) this.#grow();
    this.#slots[this.#next & (this.#slots.length - 1)] = line;
    this.#next++;
    this.#count++;
    this.#bytes += bytes;
  }

  /** Changes how large the table may be, and evicts what does not fit any more (§4.3). */
  setBytesMax(bytes: number): void {
    this.#bytesMax = bytes;
    this.#evictDownTo(bytes);
  }

  #evictDownTo(bytes: number): void {
    while (this.#count > 0 && this.#bytes > bytes) {
      const slot = (this.#next - this.#count) & (this.#slots.length - 1);
      this.#bytes -= fieldBytes(this.#slots[slot]!);
      this.#slots[slot] = undefined;
      this.#count--;
    }
  }

  #grow(): void {
    const ordered: (HeaderLine | undefined)[] = [];
    for (let age = this.#count - 1; age >= 0; age--) ordered.push(this.get(age));
    const slots = Math.max(FIRST_SLOTS, 2 * ordered.length);
    while (ordered.length < slots) ordered.push(undefined);
    this.#slots = ordered;
    this.#next = this.#count;
  }
}
