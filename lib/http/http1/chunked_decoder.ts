/**
 * Reads the chunked transfer coding (RFC 9112 §7.1) from bytes that arrive bit by bit. Sizes are hex
 * digits only, every line ends with CRLF, extensions are skipped. Pure. Input comes from strangers.
 *
 * States: `size` -> `data` -> `data_end` -> `size` …, a chunk of size 0 leads to `trailer`. Terminal
 * states: `end`, `malformed`, `too_large`; in them nothing more is taken.
 *
 * @module
 */
import { CHUNK_LINE_MAX_BYTES, TRAILER_MAX_BYTES } from "../../base/limits.ts";
import type { HeaderLine } from "../message.ts";
import { HeadScanner } from "./head_scanner.ts";
import { parseHeaderSection } from "./header_section.ts";
import { decodeLatin1 } from "./latin1.ts";

/** `more`: more input or more room for output is needed. The others are final. */
export type ChunkedState = "more" | "end" | "malformed" | "too_large";

/** 13 hex digits are 52 bits: every size is exact as a `number`. Leading zeros count as digits. */
const SIZE_LINE = /^([0-9A-Fa-f]{1,13})(?:[ \t]*;[\t\x20-\x7e\x80-\xff]*)?\r\n$/;

const CR = 0x0d;
const LF = 0x0a;

const NOTHING = new Uint8Array(0);
const LONE_CR = Uint8Array.of(CR);

/** Decodes one chunked body. */
export class ChunkedDecoder {
  #state: "size" | "data" | "data_end" | "trailer" | Exclude<ChunkedState, "more"> = "size";
  /** The bytes of a size line or of the trailer section that have come so far. */
  #pending = NOTHING;
  #dataLeft = 0;
  readonly #trailerScanner = new HeadScanner();
  #input = new Uint8Array(0);
  #output = new Uint8Array(0);
  #consumed = 0;
  #produced = 0;
  #chunks = 0;
  #trailers: readonly HeaderLine[] = [];

  /** Bytes of input the last call took. After `end`, what it left belongs to no message of ours. */
  get consumed(): number {
    return this.#consumed;
  }

  /** Bytes the last call put into its output. */
  get produced(): number {
    return this.#produced;
  }

  /** How many chunks began in the last call. */
  get chunks(): number {
    return this.#chunks;
  }

  /** The trailer section; empty before `end`. */
  get trailers(): readonly HeaderLine[] {
    return this.#trailers;
  }

  /** How many bytes of data come next, with nothing before them; 0 between chunks. */
  get dataLeft(): number {
    return this.#state === "data" ? this.#dataLeft : 0;
  }

  /** Says that some of them did not have to come through here. @param count At most `dataLeft`. */
  skipData(count: number): void {
    if (count > this.dataLeft) throw new RangeError("Cannot skip more data than is left");
    this.#dataLeft -= count;
    if (this.#state === "data" && this.#dataLeft === 0) this.#state = "data_end";
  }

  /** Takes as much of `input` as there is room for in `output`. */
  decode(input: Uint8Array, output: Uint8Array): ChunkedState {
    this.#input = input as Uint8Array<ArrayBuffer>;
    this.#output = output as Uint8Array<ArrayBuffer>;
    this.#consumed = this.#produced = this.#chunks = 0;
    while (this.#step());
    const state = this.#state;
    return state === "end" || state === "malformed" || state === "too_large" ? state : "more";
  }

  /** @returns Whether another step may get further with the same input and output. */
  #step(): boolean {
    switch (this.#state) {
      case "size":
        return this.#readSizeLine();
      case "data":
        return this.#copyData();
      case "data_end":
        return this.#readDataEnd();
      case "trailer":
        return this.#readTrailer();
      default:
        return false;
    }
  }

  #readSizeLine(): boolean {
    const lineFeed = this.#input.indexOf(LF, this.#consumed);
    const end = lineFeed < 0 ? this.#input.length : lineFeed + 1;
    if (this.#pending.length + end - this.#consumed > CHUNK_LINE_MAX_BYTES) {
      return this.#finish("too_large");
    }
    const isWhole = lineFeed >= 0 && this.#pending.length === 0;
    const from = this.#consumed;
    if (isWhole) this.#consumed = end;
    else this.#keep(end);
    if (lineFeed < 0) return false;
    const line = isWhole ? this.#input.subarray(from, end) : this.#pending;
    const match = SIZE_LINE.exec(decodeLatin1(line));
    if (match === null) return this.#finish("malformed");
    this.#pending = NOTHING;
    this.#chunks++;
    this.#dataLeft = parseInt(match[1], 16);
    this.#state = this.#dataLeft === 0 ? "trailer" : "data";
    return true;
  }

  #copyData(): boolean {
    const room = this.#output.length - this.#produced;
    const available = this.#input.length - this.#consumed;
    const count = Math.min(this.#dataLeft, room, available);
    const from = this.#consumed;
    this.#output.set(this.#input.subarray(from, from + count), this.#produced);
    this.#produced += count;
    this.#consumed += count;
    this.#dataLeft -= count;
    if (this.#dataLeft > 0) return false;
    this.#state = "data_end";
    return true;
  }

  /** The CRLF after the data; kept in `pending` while only its CR has come. */
  #readDataEnd(): boolean {
    if (this.#consumed === this.#input.length) return false;
    const byte = this.#input[this.#consumed++];
    const isSecond = this.#pending.length === 1;
    if (byte !== (isSecond ? LF : CR)) return this.#finish("malformed");
    this.#pending = isSecond ? NOTHING : LONE_CR;
    if (isSecond) this.#state = "size";
    return true;
  }

  #readTrailer(): boolean {
    const before = this.#pending.length;
    const from = this.#consumed;
    // One byte over the limit is enough to know that it is passed.
    this.#keep(Math.min(this.#input.length, from + TRAILER_MAX_BYTES + 1 - before));
    const scan = this.#trailerScanner.scan(this.#pending);
    if (scan.kind === "malformed") return this.#finish("malformed");
    if (scan.kind === "more") {
      return this.#pending.length > TRAILER_MAX_BYTES && this.#finish("too_large");
    }
    this.#consumed = from + scan.length - before;
    const section = parseHeaderSection(decodeLatin1(this.#pending.subarray(0, scan.length)), 0);
    if (section.kind !== "lines") return this.#finish(section.kind);
    this.#trailers = section.lines;
    return this.#finish("end");
  }

  /** Moves the input up to `end` to what is pending. */
  #keep(end: number): void {
    const fresh = this.#input.subarray(this.#consumed, end);
    this.#consumed = end;
    const joined = new Uint8Array(this.#pending.length + fresh.length);
    joined.set(this.#pending);
    joined.set(fresh, this.#pending.length);
    this.#pending = joined;
  }

  #finish(state: Exclude<ChunkedState, "more">): false {
    this.#state = state;
    return false;
  }
}
