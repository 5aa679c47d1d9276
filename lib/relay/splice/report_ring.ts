/**
 * A ring of messages in shared memory from one worker to the main isolate: one writer, one reader, no
 * lock, no allocation on the writer's side. What a message means is for both ends to agree on. Does
 * no I/O.
 *
 * A message is a word of its length and its kind, then fields of 4 or 8 bytes and texts. It never wraps
 * around the end: what is left there is skipped. If the ring is full, the message is dropped and
 * counted, for a worker waits for nobody.
 *
 * @module
 */

const HEAD = 0;
const TAIL = 1;
const LOST = 2;
const HEADER_BYTES = 16;

/** In place of a length: go on at the start. */
const WRAP = -1;

/** Both ends of a ring count bytes from its start and wrap with it. */
abstract class RingEnd {
  protected readonly positions: Int32Array<SharedArrayBuffer>;
  protected readonly view: DataView<SharedArrayBuffer>;
  protected readonly bytes: Uint8Array<SharedArrayBuffer>;
  /** Of the ring. */
  protected readonly size: number;

  constructor(memory: SharedArrayBuffer) {
    this.positions = new Int32Array(memory, 0, HEADER_BYTES / 4);
    this.size = memory.byteLength - HEADER_BYTES;
    this.view = new DataView(memory, HEADER_BYTES);
    this.bytes = new Uint8Array(memory, HEADER_BYTES);
  }
}

/** The worker's end. */
export class ReportWriter extends RingEnd {
  #start = 0;
  #at = 0;
  #isOpen = false;

  /** Bytes that wait to be read. */
  get waiting(): number {
    const tail = Atomics.load(this.positions, TAIL);
    const head = Atomics.load(this.positions, HEAD);
    return head >= tail ? head - tail : this.size - tail + head;
  }

  /**
   * Begins a message. If there is no room for it, it is counted as lost and its fields go nowhere.
   *
   * @param maxBytes What its fields take at most.
   */
  begin(kind: number, maxBytes: number): void {
    const needed = maxBytes + 8;
    const tail = Atomics.load(this.positions, TAIL);
    const head = Atomics.load(this.positions, HEAD);
    this.#start = head;
    if (head >= tail && head + needed > this.size) {
      // The head must not catch up with the tail: that would mean an empty ring.
      this.#isOpen = needed < tail;
      if (this.#isOpen && head + 4 <= this.size) this.view.setInt32(head, WRAP, true);
      this.#start = 0;
    } else {
      this.#isOpen = head >= tail || head + needed < tail;
    }
    if (!this.#isOpen) return void Atomics.add(this.positions, LOST, 1);
    this.#at = this.#start + 8;
    this.view.setInt32(this.#start + 4, kind, true);
  }

  /** Adds a whole number of 32 bits. */
  int(value: number): void {
    if (!this.#isOpen) return;
    this.view.setInt32(this.#at, value, true);
    this.#at += 4;
  }

  /** Adds any number. */
  float(value: number): void {
    if (!this.#isOpen) return;
    this.view.setFloat64(this.#at, value, true);
    this.#at += 8;
  }

  /** Adds `count` bytes from a position on. */
  raw(source: Uint8Array, from: number, count: number): void {
    if (!this.#isOpen) return;
    for (let index = 0; index < count; index++) this.bytes[this.#at + index] = source[from + index];
    this.#at += count;
  }

  /** Adds a text of one byte per character: its length in 4 bytes, then as many bytes. */
  latin1(text: string): void {
    this.int(text.length);
    if (!this.#isOpen) return;
    for (let index = 0; index < text.length; index++) {
      this.bytes[this.#at + index] = text.charCodeAt(index);
    }
    this.#at += text.length;
  }

  /** Hands the message over. */
  end(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.view.setInt32(this.#start, this.#at - this.#start, true);
    Atomics.store(this.positions, HEAD, this.#at);
  }
}

/** Main's end. */
export class ReportReader extends RingEnd {
  #at = 0;
  #end = 0;

  /** Returns how many messages were dropped since it was last asked. */
  takeLost(): number {
    return Atomics.exchange(this.positions, LOST, 0);
  }

  /** Steps to the next message. @returns Its kind, or undefined if there is none. */
  next(): number | undefined {
    let tail = Atomics.load(this.positions, TAIL);
    const head = Atomics.load(this.positions, HEAD);
    if (tail === head) return undefined;
    const isAtEnd = head < tail && tail + 4 > this.size;
    if (isAtEnd || this.view.getInt32(tail, true) === WRAP) tail = 0;
    this.#end = tail + this.view.getInt32(tail, true);
    this.#at = tail + 8;
    return this.view.getInt32(tail + 4, true);
  }

  /** Reads a field of {@linkcode ReportWriter.int}. */
  int(): number {
    this.#at += 4;
    return this.view.getInt32(this.#at - 4, true);
  }

  /** Reads a field of {@linkcode ReportWriter.float}. */
  float(): number {
    this.#at += 8;
    return this.view.getFloat64(this.#at - 8, true);
  }

  /** Reads bytes, as a copy. */
  raw(count: number): Uint8Array {
    this.#at += count;
    return this.bytes.slice(this.#at - count, this.#at);
  }

  /** Reads a field of {@linkcode ReportWriter.latin1}. */
  latin1(): string {
    const length = this.int();
    let text = "";
    for (let index = 0; index < length; index++) {
      text += String.fromCharCode(this.bytes[this.#at + index]);
    }
    this.#at += length;
    return text;
  }

  /** Gives the message's room back; to be called before the next one. */
  done(): void {
    Atomics.store(this.positions, TAIL, this.#end);
  }
}

/** Allocates a ring of a number of bytes, a multiple of 4. */
export function allocateRing(size: number): SharedArrayBuffer {
  return new SharedArrayBuffer(HEADER_BYTES + size);
}
