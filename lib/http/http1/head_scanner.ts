/**
 * Finds the end of a head in bytes that arrive bit by bit, looking at each byte once. Every line has
 * to end with CRLF: a bare LF, which RFC 9112 §2.2 would let us accept, is read otherwise by others.
 * Does not look into the lines. Pure. Input comes from strangers.
 *
 * @module
 */

/** What is known about the head so far; `more` is the only answer that is not final. */
export type HeadScan =
  | { readonly kind: "more" }
  /** `length` bytes, the empty line included. */
  | { readonly kind: "end"; readonly length: number }
  /** A line ended without CR. */
  | { readonly kind: "malformed" };

const CR = 0x0d;
const LF = 0x0a;

const MORE: HeadScan = { kind: "more" };
const MALFORMED: HeadScan = { kind: "malformed" };

/** Remembers how far one head has been looked at. */
export class HeadScanner {
  #searchedTo = 0;
  #lineStart = 0;

  /**
   * Looks at what is new.
   *
   * @param bytes Everything from the head's first byte on: what the last call got, and more.
   */
  scan(bytes: Uint8Array): HeadScan {
    let lineStart = this.#lineStart;
    // By hand: lines are short, and a call of `indexOf` costs as much as 60 bytes.
    for (let at = this.#searchedTo; at < bytes.length; at++) {
      if (bytes[at] !== LF) continue;
      if (at === lineStart || bytes[at - 1] !== CR) return MALFORMED;
      if (at === lineStart + 1) return { kind: "end", length: at + 1 };
      lineStart = at + 1;
    }
    this.#lineStart = lineStart;
    this.#searchedTo = bytes.length;
    return MORE;
  }
}
