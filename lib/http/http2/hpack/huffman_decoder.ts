/**
 * Decodes strings in the Huffman code of RFC 7541 §5.2, four bits at a time: a state machine whose
 * states are the inner nodes of the code's tree. Pure. Input comes from strangers.
 *
 * States: one for each node, and broken (terminal), once the end-of-string symbol was met. A string may
 * end in those nodes that its padding leads to.
 *
 * @module
 */
import { END_OF_STRING, HUFFMAN_CODE_BITS, huffmanCodes } from "./huffman_code.ts";

/** The shortest code has five bits. @returns Bytes that a string of as many coded bytes fits into. */
export function huffmanBytesMax(codedBytes: number): number {
  // One more, where a byte is laid down before it is known whether it counts.
  return Math.floor(codedBytes * 8 / 5) + 1;
}

/** As many inner nodes as there are symbols, less one. */
const BROKEN = HUFFMAN_CODE_BITS.length - 1;

/** RFC 7541 §5.2: longer padding is an error. */
const PADDING_MAX_BITS = 7;

/** A step: the symbol in the lowest byte, whether there is one, whether one may end here, the next state. */
const HAS_SYMBOL = 1 << 8;
const MAY_END = 1 << 9;
const STATE_SHIFT = 10;

/** Decodes one string after another. Keeps nothing of them. */
export class HuffmanDecoder {
  /** By state times 16 plus four bits. States stand in it times 16, too. */
  readonly #steps = buildSteps();

  /**
   * Decodes what stands from `from` to `to`.
   *
   * @param target Has room for {@linkcode huffmanBytesMax}.
   * @returns How many bytes; undefined if it ends in a wrong padding, or holds the end-of-string symbol.
   */
  decode(
    coded: Uint8Array,
    { from, to }: { readonly from: number; readonly to: number },
    target: Uint8Array,
  ): number | undefined {
    const steps = this.#steps;
    let step = MAY_END;
    let end = 0;
    for (let at = from; at < to; at++) {
      const byte = coded[at];
      step = steps[(step >>> STATE_SHIFT) + (byte >> 4)];
      target[end] = step;
      end += (step & HAS_SYMBOL) >> 8;
      step = steps[(step >>> STATE_SHIFT) + (byte & 15)];
      target[end] = step;
      end += (step & HAS_SYMBOL) >> 8;
    }
    return (step & MAY_END) === 0 ? undefined : end;
  }
}

/** @returns Children by node times 2 plus bit: another node, or the complement of a symbol. */
function buildTree(): Int16Array {
  const children = new Int16Array(2 * BROKEN);
  const codes = huffmanCodes();
  let nodes = 1;
  for (let symbol = 0; symbol < codes.length; symbol++) {
    let node = 0;
    for (let bit = HUFFMAN_CODE_BITS[symbol] - 1; bit > 0; bit--) {
      const child = 2 * node + (codes[symbol] >>> bit & 1);
      if (children[child] === 0) children[child] = nodes++;
      node = children[child];
    }
    children[2 * node + (codes[symbol] & 1)] = ~symbol;
  }
  return children;
}

/** @returns The nodes of nothing but ones, which is what padding is made of. */
function endingNodes(children: Int16Array): ReadonlySet<number> {
  const nodes = new Set([0]);
  for (let node = 0; nodes.size <= PADDING_MAX_BITS;) nodes.add(node = children[2 * node + 1]);
  return nodes;
}

function buildSteps(): Uint32Array {
  const children = buildTree();
  const ending = endingNodes(children);
  const steps = new Uint32Array(16 * (BROKEN + 1));
  steps.fill(16 * BROKEN << STATE_SHIFT, 16 * BROKEN);
  for (let state = 0; state < BROKEN; state++) {
    for (let bits = 0; bits < 16; bits++) {
      const { node, symbol } = walk(children, state, bits);
      steps[16 * state + bits] = 16 * node << STATE_SHIFT |
        (symbol === undefined ? 0 : HAS_SYMBOL | symbol) | (ending.has(node) ? MAY_END : 0);
    }
  }
  return steps;
}

/** Four bits complete one symbol at most, for the shortest has five. */
function walk(
  children: Int16Array,
  state: number,
  bits: number,
): { readonly node: number; readonly symbol: number | undefined } {
  let node = state;
  let symbol: number | undefined;
  for (let bit = 3; bit >= 0; bit--) {
    const child = children[2 * node + (bits >>> bit & 1)];
    if (~child === END_OF_STRING) return { node: BROKEN, symbol };
    if (child < 0) symbol = ~child;
    node = child < 0 ? 0 : child;
  }
  return { node, symbol };
}
