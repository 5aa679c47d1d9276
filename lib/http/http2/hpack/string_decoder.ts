/**
 * Makes text of string literals (RFC 7541 §5.2), one character per byte. Pure. Input comes from
 * strangers.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { huffmanBytesMax, HuffmanDecoder } from "./huffman_decoder.ts";

/** Longer strings are rare, and get memory of their own. */
const SCRATCH_BYTES = 4096;

/** Where a literal stands in a block, and how it is coded. */
export interface StringLiteral {
  readonly from: number;
  readonly to: number;
  readonly isHuffman: boolean;
}

/** Decodes one string after another. Nothing of a string stays behind, so one decoder does for everybody. */
export class StringDecoder {
  readonly #huffman = new HuffmanDecoder();
  readonly #scratch = Buffer.alloc(SCRATCH_BYTES);

  /** @returns undefined if the Huffman code is broken. */
  decode(block: Uint8Array, literal: StringLiteral): string | undefined {
    const { from, to, isHuffman } = literal;
    const bytesMax = isHuffman ? huffmanBytesMax(to - from) : to - from;
    const scratch = bytesMax <= SCRATCH_BYTES ? this.#scratch : Buffer.alloc(bytesMax);
    if (!isHuffman) {
      for (let at = from; at < to; at++) scratch[at - from] = block[at];
      return scratch.toString("latin1", 0, to - from);
    }
    const length = this.#huffman.decode(block, literal, scratch);
    return length === undefined ? undefined : scratch.toString("latin1", 0, length);
  }
}
