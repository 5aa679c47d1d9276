/**
 * Decodes field blocks (RFC 7541): one decoder for what one side of a connection sends. Leaves names
 * and values as they came, and says nothing about what they mean. Pure. Input comes from strangers.
 *
 * After an error it is of no use any more: the two tables differ from there on.
 *
 * @module
 */
import type { HeaderLine } from "../../message.ts";
import { ERROR_CODE, Http2Error } from "../error_codes.ts";
import { findFieldFault } from "../field_grammar.ts";
import { INTEGER_MAX_BYTES } from "./block_writer.ts";
import { DynamicTable, fieldBytes, INITIAL_TABLE_BYTES } from "./dynamic_table.ts";
import { DYNAMIC_INDEX_START, STATIC_FIELDS } from "./static_table.ts";
import { StringDecoder } from "./string_decoder.ts";

/** What a decoder takes from the other side. */
export interface FieldDecoderOptions {
  /** Bytes of the dynamic table: our SETTINGS_HEADER_TABLE_SIZE, in force from the first block on. */
  readonly tableBytesMax: number;
  /** Bytes of a field list, counted as RFC 9113 §10.5.1 says. */
  readonly listBytesMax: number;
  /** Fields of a list. */
  readonly fieldsMax: number;
}

/** How a field is written (RFC 7541 §6): the bits that a first byte begins with. */
const INDEXED = 0x80;
const INCREMENTAL = 0x40;
const TABLE_SIZE = 0x20;

/** A string in the Huffman code (§5.2). */
const HUFFMAN = 0x80;

/** Bits that a byte of an integer carries (§5.1). */
const INTEGER_BITS = 7;

const NO_BLOCK = new Uint8Array(0);

/** One for all connections: it keeps nothing. */
const strings = new StringDecoder();

/** Decodes the blocks of one side, in the order in which they were sent. */
export class FieldDecoder {
  readonly #options: FieldDecoderOptions;
  readonly #table: DynamicTable;
  #block: Uint8Array = NO_BLOCK;
  #at = 0;
  #areSound = true;

  constructor(options: FieldDecoderOptions) {
    this.#options = options;
    this.#table = new DynamicTable(Math.min(INITIAL_TABLE_BYTES, options.tableBytesMax));
  }

  /**
   * Whether all fields up to now keep to the grammar, see {@linkcode findFieldFault}: most come from a
   * table, and were looked at when they went in.
   */
  get areSound(): boolean {
    return this.#areSound;
  }

  /**
   * Decodes a whole field block. Fields that stand in a table are the table's own.
   *
   * @param block Is not kept.
   * @returns undefined if the list is over a limit; the table is right all the same.
   * @throws {Http2Error} If the block is malformed: COMPRESSION_ERROR (RFC 9113 §4.3).
   */
  decode(block: Uint8Array): readonly HeaderLine[] | undefined {
    this.#block = block;
    this.#at = 0;
    try {
      this.#readTableSizes();
      return this.#readFields();
    } finally {
      this.#block = NO_BLOCK;
    }
  }

  /** §4.2: only at the start of a block. */
  #readTableSizes(): void {
    while ((this.#block[this.#at] & 0xe0) === TABLE_SIZE) {
      const bytes = this.#readInteger(0x1f);
      if (bytes > this.#options.tableBytesMax) throw malformed("a table is made too large");
      this.#table.setBytesMax(bytes);
    }
  }

  #readFields(): HeaderLine[] | undefined {
    const { fieldsMax, listBytesMax } = this.#options;
    const end = this.#block.length;
    const fields: HeaderLine[] = [];
    let bytes = 0;
    let isOver = false;
    while (this.#at < end) {
      const field = this.#readField();
      bytes += fieldBytes(field);
      if (isOver) continue;
      fields.push(field);
      isOver = bytes > listBytesMax || fields.length > fieldsMax;
    }
    return isOver ? undefined : fields;
  }

  #readField(): HeaderLine {
    const first = this.#block[this.#at];
    if (first >= INDEXED) return this.#find(this.#readInteger(0x7f));
    if (first < TABLE_SIZE) return this.#readLiteral(0x0f);
    if (first < INCREMENTAL) throw malformed("a table is resized within a block");
    const field = this.#readLiteral(0x3f);
    this.#table.add(field);
    return field;
  }

  #readLiteral(prefixMax: number): HeaderLine {
    const index = this.#readInteger(prefixMax);
    const name = index === 0 ? this.#readString() : this.#find(index)[0];
    const field: HeaderLine = [name, this.#readString()];
    if (this.#areSound && findFieldFault(field) !== undefined) this.#areSound = false;
    return field;
  }

  /** §2.3.3. */
  #find(index: number): HeaderLine {
    if (index < DYNAMIC_INDEX_START) {
      if (index === 0) throw malformed("an index is 0");
      return STATIC_FIELDS[index];
    }
    const field = this.#table.get(index - DYNAMIC_INDEX_START);
    if (field === undefined) throw malformed("an index is beyond the table");
    return field;
  }

  #readString(): string {
    const isHuffman = this.#block[this.#at] >= HUFFMAN;
    const length = this.#readInteger(0x7f);
    const from = this.#at;
    const to = from + length;
    if (to > this.#block.length) throw malformed("a string is cut off");
    this.#at = to;
    if (length === 0) return "";
    const text = strings.decode(this.#block, { from, to, isHuffman });
    if (text === undefined) throw malformed("a Huffman code is broken");
    return text;
  }

  /** §5.1. @param prefixMax The prefix's bits, all of them ones. */
  #readInteger(prefixMax: number): number {
    const block = this.#block;
    if (this.#at >= block.length) throw malformed("an integer is missing");
    let value = block[this.#at++] & prefixMax;
    if (value < prefixMax) return value;
    for (let count = 0; count < INTEGER_MAX_BYTES; count++) {
      if (this.#at >= block.length) throw malformed("an integer is cut off");
      const byte = block[this.#at++];
      value += (byte & 0x7f) << INTEGER_BITS * count;
      if (byte < 0x80) return value;
    }
    throw malformed("an integer is too large");
  }
}

function malformed(reason: string): Http2Error {
  return new Http2Error(ERROR_CODE.compressionError, reason);
}
