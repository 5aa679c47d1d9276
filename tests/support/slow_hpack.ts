/**
 * HPACK (RFC 7541) written down as simply as the RFC says it: bits as text, a table that is an array. What
 * the quick one is compared with, and what makes blocks that no encoder would.
 *
 * @module
 */
import { HUFFMAN_CODE_BITS, huffmanCodes } from "../../lib/http/http2/hpack/huffman_code.ts";
import { STATIC_FIELDS } from "../../lib/http/http2/hpack/static_table.ts";
import { encodeInteger, encodeText, type RawField } from "./http2_frames.ts";
import type { Random } from "./random.ts";

/** By byte, its Huffman code as text of 0 and 1; the last one ends a string. */
export const HUFFMAN_TEXTS: readonly string[] = Array.from(
  huffmanCodes(),
  (code, symbol) => code.toString(2).padStart(HUFFMAN_CODE_BITS[symbol], "0"),
);

const SYMBOLS: ReadonlyMap<string, number> = new Map(
  HUFFMAN_TEXTS.map((text, symbol) => [text, symbol]),
);

/** Encodes latin1 text in the Huffman code, without its length. */
export function huffmanBytes(text: string): number[] {
  const bits = Array.from(text, (character) => HUFFMAN_TEXTS[character.charCodeAt(0)]).join("");
  const padded = bits.padEnd(Math.ceil(bits.length / 8) * 8, "1");
  return (padded.match(/.{8}/g) ?? []).map((byte) => parseInt(byte, 2));
}

/** Encodes latin1 text as a Huffman-coded string (§5.2). */
export function encodeHuffmanText(text: string): number[] {
  const bytes = huffmanBytes(text);
  return [...encodeInteger(bytes.length, 7, 0x80), ...bytes];
}

/** Decodes what {@linkcode huffmanBytes} makes. @throws {Error} If it breaks a rule of §5.2. */
export function decodeHuffman(bytes: Iterable<number>): string {
  let text = "";
  let code = "";
  for (const bit of Array.from(bytes, (byte) => byte.toString(2).padStart(8, "0")).join("")) {
    code += bit;
    const symbol = SYMBOLS.get(code);
    if (symbol === undefined) continue;
    if (symbol === 256) throw new Error("end of string");
    text += String.fromCharCode(symbol);
    code = "";
  }
  if (code.length > 7 || code.includes("0")) throw new Error("padding");
  return text;
}

/** A table that is an array, newest first (§2.3.2). */
export class SlowTable {
  entries: RawField[] = [];
  bytesMax: number;

  constructor(bytesMax: number) {
    this.bytesMax = bytesMax;
  }

  /** The sum of all entries (§4.1). */
  get bytes(): number {
    return this.entries.reduce((sum, [name, value]) => sum + name.length + value.length + 32, 0);
  }

  /** Adds a field, as §4.4 says. */
  add(field: RawField): void {
    this.entries.unshift(field);
    this.evict();
  }

  /** Takes the oldest away until the others fit. */
  evict(): void {
    while (this.bytes > this.bytesMax) this.entries.pop();
  }
}

/** A decoder that says the same as the quick one, or throws where it does. */
export class SlowDecoder {
  readonly table: SlowTable;
  readonly #tableBytesMax: number;
  #bytes: number[] = [];

  constructor(tableBytesMax: number) {
    this.#tableBytesMax = tableBytesMax;
    this.table = new SlowTable(Math.min(tableBytesMax, 4096));
  }

  /** Decodes a block. @throws {Error} If it is malformed. */
  decode(block: Uint8Array): RawField[] {
    this.#bytes = [...block];
    const fields: RawField[] = [];
    while (this.#bytes.length > 0) {
      const first = this.#bytes[0].toString(2).padStart(8, "0");
      if (first.startsWith("1")) fields.push(this.#find(this.#integer(7)));
      else if (first.startsWith("01")) {
        fields.push(this.#literal(6));
        this.table.add(fields.at(-1)!);
      } else if (first.startsWith("001")) this.#resize(fields.length);
      else fields.push(this.#literal(4));
    }
    return fields;
  }

  #resize(fields: number): void {
    const bytes = this.#integer(5);
    if (fields > 0 || bytes > this.#tableBytesMax) throw new Error("table size");
    this.table.bytesMax = bytes;
    this.table.evict();
  }

  #literal(prefixBits: number): RawField {
    const index = this.#integer(prefixBits);
    const name = index === 0 ? this.#string() : this.#find(index)[0];
    return [name, this.#string()];
  }

  #find(index: number): RawField {
    const field = [...STATIC_FIELDS, ...this.table.entries][index];
    if (index === 0 || field === undefined) throw new Error("index");
    return field;
  }

  #string(): string {
    const isHuffman = this.#bytes[0] >= 128;
    const length = this.#integer(7);
    if (length > this.#bytes.length) throw new Error("cut off");
    const bytes = this.#bytes.splice(0, length);
    return isHuffman ? decodeHuffman(bytes) : String.fromCharCode(...bytes);
  }

  /** As long as the quick one allows: four bytes behind the prefix. */
  #integer(prefixBits: number): number {
    const most = 2 ** prefixBits - 1;
    const first = this.#take() % 2 ** prefixBits;
    if (first < most) return first;
    let value = first;
    for (let power = 0; power < 4; power++) {
      const byte = this.#take();
      value += byte % 128 * 128 ** power;
      if (byte < 128) return value;
    }
    throw new Error("integer");
  }

  #take(): number {
    const byte = this.#bytes.shift();
    if (byte === undefined) throw new Error("cut off");
    return byte;
  }
}

/** Makes blocks in every way there is of saying the same, whatever is good for it. */
export class RandomEncoder {
  readonly table: SlowTable;
  readonly #random: Random;
  readonly #tableBytesMax: number;

  constructor(random: Random, tableBytesMax: number) {
    this.#random = random;
    this.#tableBytesMax = tableBytesMax;
    this.table = new SlowTable(Math.min(tableBytesMax, 4096));
  }

  /** Encodes fields, and perhaps another size of the table before them. */
  encode(fields: readonly RawField[]): Uint8Array<ArrayBuffer> {
    const bytes: number[] = [];
    while (this.#random.below(6) === 0) {
      this.table.bytesMax = this.#random.below(this.#tableBytesMax + 1);
      this.table.evict();
      bytes.push(...encodeInteger(this.table.bytesMax, 5, 0x20));
    }
    return Uint8Array.from([...bytes, ...fields.flatMap((field) => this.#field(field))]);
  }

  #field(field: RawField): number[] {
    const known = [...STATIC_FIELDS, ...this.table.entries];
    const whole = known.findLastIndex((each) => each[0] === field[0] && each[1] === field[1]);
    if (whole > 0 && this.#random.below(8) > 0) return encodeInteger(whole, 7, 0x80);
    const named = known.findLastIndex((each) => each[0] === field[0]);
    const index = named > 0 && this.#random.below(4) > 0 ? named : 0;
    const name = index === 0 ? this.#text(field[0]) : [];
    const [bits, pattern] = this.#random.pick([[6, 0x40], [6, 0x40], [4, 0x00], [4, 0x10]]);
    if (pattern === 0x40) this.table.add(field);
    return [...encodeInteger(index, bits, pattern), ...name, ...this.#text(field[1])];
  }

  #text(text: string): number[] {
    return this.#random.below(2) === 0 ? encodeText(text) : encodeHuffmanText(text);
  }
}
