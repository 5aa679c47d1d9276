/**
 * Encodes field blocks (RFC 7541): one encoder for what one side of a connection is sent. Fields that
 * repeat go into the dynamic table, see `field_rules.ts`; strings are never Huffman-coded, which would
 * cost more than the bytes it saves. Pure.
 *
 * @module
 */
import { isFieldValue } from "../../http1/grammar.ts";
import type { HeaderLine } from "../../message.ts";
import { isLowerToken } from "../field_grammar.ts";
import { BlockWriter, FieldError, INTEGER_MAX_BYTES } from "./block_writer.ts";
import { INITIAL_TABLE_BYTES } from "./dynamic_table.ts";
import { EncoderTable } from "./encoder_table.ts";
import { FIELD_RULES, type FieldRule, LITERAL } from "./field_rules.ts";
import { STATIC_FIELDS } from "./static_table.ts";

export { FieldError };

/** How a field that stands in a table begins, and a change of the table's size (§6.1, §6.3). */
const INDEXED = 0x80;
const TABLE_SIZE = 0x20;

const INDEX_PREFIX_MAX = 0x7f;
const TABLE_SIZE_PREFIX_MAX = 0x1f;
const INCREMENTAL_PREFIX_MAX = 0x3f;
const LITERAL_PREFIX_MAX = 0x0f;

const STATUS = ":status";

/** By status, the index of the whole field in the static table. */
const STATUS_INDICES: ReadonlyMap<number, number> = new Map(
  STATIC_FIELDS.flatMap(([name, value], index) => name === STATUS ? [[Number(value), index]] : []),
);

/** Other statuses repeat as well. */
const STATUS_RULE: FieldRule = {
  name: STATUS,
  literal: LITERAL.incremental,
  staticIndex: STATIC_FIELDS.findIndex(([name]) => name === STATUS),
};

/** How much a literal is longer than its text: an index or nothing, and two lengths. */
const LITERAL_MAX_BYTES = 1 + 2 * (1 + INTEGER_MAX_BYTES);

/** Two sizes of the table, and a status. */
const HEAD_MAX_BYTES = 2 * (1 + INTEGER_MAX_BYTES) + LITERAL_MAX_BYTES + STATUS.length + 3;

/**
 * Encodes the blocks for one side. Every block has to be sent, and in the order of their encoding: the
 * other side's table follows.
 */
export class FieldEncoder {
  readonly #table = new EncoderTable(INITIAL_TABLE_BYTES);
  /** As the other side knows it. */
  #tableBytesMax = INITIAL_TABLE_BYTES;
  /** As it is to be from the next block on. */
  #nextBytesMax = INITIAL_TABLE_BYTES;
  /** The least that it was to be in between. */
  #leastBytesMax = INITIAL_TABLE_BYTES;
  readonly #writer = new BlockWriter();
  /** Whether a field may go into the table now. */
  #mayAdd = false;

  /**
   * Takes the other side's SETTINGS_HEADER_TABLE_SIZE (RFC 9113 §6.5.2). More than 4096 bytes are not used.
   *
   * @param bytes From 0.
   */
  setTableBytesMax(bytes: number): void {
    this.#nextBytesMax = Math.min(bytes, INITIAL_TABLE_BYTES);
    this.#leastBytesMax = Math.min(this.#leastBytesMax, this.#nextBytesMax);
  }

  /** Returns how many bytes are enough for a block in every case. */
  boundOf(fields: readonly HeaderLine[]): number {
    let bytes = HEAD_MAX_BYTES;
    for (const [name, value] of fields) bytes += LITERAL_MAX_BYTES + name.length + value.length;
    return bytes;
  }

  /**
   * Encodes a field block.
   *
   * @param status Three digits; undefined for a trailer section.
   * @param fields Names in lower case.
   * @param target Has room for {@linkcode boundOf} behind `at`.
   * @returns Where the block ends.
   * @throws {FieldError} If a field cannot stand in HTTP/2; then nothing has changed.
   */
  encode(
    status: number | undefined,
    fields: readonly HeaderLine[],
    target: Uint8Array,
    at: number,
  ): number {
    try {
      if (!this.#writeBlock(status, fields, { target, at, mayAdd: false })) {
        for (const field of fields) checkField(field);
        this.#writeBlock(status, fields, { target, at, mayAdd: true });
      }
      return this.#writer.at;
    } finally {
      this.#writer.end();
    }
  }

  /**
   * Writes a block. One that changes the table has to be checked as a whole beforehand; any other, which
   * is nearly all of them, is looked at as it is written.
   *
   * @returns Whether all of it has been written; false only if it would change the table and may not.
   * @throws {FieldError} As {@linkcode encode}.
   */
  #writeBlock(
    status: number | undefined,
    fields: readonly HeaderLine[],
    { target, at, mayAdd }: BlockPlace,
  ): boolean {
    this.#writer.begin(target, at);
    this.#mayAdd = mayAdd;
    if (!this.#writeTableSizes()) return false;
    if (status !== undefined && !this.#writeStatus(status)) return false;
    for (const [name, value] of fields) {
      if (!this.#writeField(name, value)) return false;
    }
    return true;
  }

  /** §4.2: the smallest size since the last block, for what it evicts, then the one that counts. */
  #writeTableSizes(): boolean {
    const before = this.#tableBytesMax;
    const least = this.#leastBytesMax;
    const next = this.#nextBytesMax;
    if (least === before && next === before) return true;
    if (!this.#mayAdd) return false;
    if (least < before && least < next) this.#writeTableSize(least);
    this.#writeTableSize(next);
    this.#tableBytesMax = this.#leastBytesMax = next;
    return true;
  }

  #writeTableSize(bytes: number): void {
    this.#writer.integer(TABLE_SIZE, TABLE_SIZE_PREFIX_MAX, bytes);
    this.#table.setBytesMax(bytes);
  }

  #writeStatus(status: number): boolean {
    const index = STATUS_INDICES.get(status);
    if (index === undefined) return this.#writeRepeated(STATUS, `${status}`, STATUS_RULE);
    this.#writer.integer(INDEXED, INDEX_PREFIX_MAX, index);
    return true;
  }

  #writeField(name: string, value: string): boolean {
    const rule = FIELD_RULES.get(name);
    if (rule === undefined) checkName(name);
    else if (rule.literal !== LITERAL.incremental) {
      this.#writer.integer(rule.literal, LITERAL_PREFIX_MAX, rule.staticIndex);
      if (rule.staticIndex === 0) this.#writer.text(name);
      this.#writer.text(value);
      return true;
    }
    return this.#writeRepeated(name, value, rule);
  }

  #writeRepeated(name: string, value: string, rule: FieldRule | undefined): boolean {
    const newest = this.#table.newestOf(name);
    for (let entry = newest; entry !== undefined; entry = entry.older) {
      if (entry.value !== value) continue;
      this.#writer.integer(INDEXED, INDEX_PREFIX_MAX, this.#table.indexOf(entry));
      return true;
    }
    const index = rule?.staticIndex ?? (newest === undefined ? 0 : this.#table.indexOf(newest));
    if (!this.#table.admits(name, value, newest)) {
      this.#writer.integer(LITERAL.withoutIndexing, LITERAL_PREFIX_MAX, index);
      if (index === 0) this.#writer.text(name);
      this.#writer.text(value);
      return true;
    }
    if (!this.#mayAdd) return false;
    this.#writer.integer(LITERAL.incremental, INCREMENTAL_PREFIX_MAX, index);
    const ownName = index === 0 ? this.#writeOwn(name) : rule?.name ?? newest?.name ?? name;
    this.#table.add(ownName, this.#writeOwn(value));
    return true;
  }

  /** @returns The text as one of our own, see {@linkcode BlockWriter.lastText}. */
  #writeOwn(text: string): string {
    this.#writer.text(text);
    return this.#writer.lastText(text.length);
  }
}

/** Where a block goes. */
interface BlockPlace {
  readonly target: Uint8Array;
  readonly at: number;
  readonly mayAdd: boolean;
}

/** RFC 9113 §8.2.1. */
function checkField([name, value]: HeaderLine): void {
  checkName(name);
  if (!isFieldValue(value)) throw new FieldError("a value holds characters of no field");
}

function checkName(name: string): void {
  if (!isLowerToken(name)) throw new FieldError("a field name is no token in lower case");
}
