/**
 * Writes a head into memory of the caller's, byte by byte, and looks at each character as it does:
 * nothing leaves that a client could read as a line of its own. Pure.
 *
 * @module
 */
import { isFieldValueCode, isTokenCode } from "./grammar.ts";

const CR = 0x0d;
const LF = 0x0a;

/** Thrown where text cannot stand in a head; it says where, and not what. */
export class HeadWriterError extends Error {
  override readonly name = "HeadWriterError";
}

/** Writes one head after another. */
export class HeadWriter {
  #bytes: Uint8Array = new Uint8Array(0);
  #end = 0;

  /** Where the next byte goes. */
  get end(): number {
    return this.#end;
  }

  /** Begins at the start of `bytes`; what does not fit is counted and not kept. */
  begin(bytes: Uint8Array): void {
    this.#bytes = bytes;
    this.#end = 0;
  }

  /** Writes text of our own, which is not looked at. @param text ASCII. */
  raw(text: string): void {
    const bytes = this.#bytes;
    let end = this.#end;
    for (let index = 0; index < text.length; index++) bytes[end++] = text.charCodeAt(index);
    this.#end = end;
  }

  /**
   * Writes what stands in a field value or a reason phrase.
   *
   * @throws {HeadWriterError} If it holds control characters, or any beyond latin1.
   */
  text(text: string): void {
    // In local variables, for the loop's sake: half of what a head costs is here.
    const bytes = this.#bytes;
    let end = this.#end;
    for (let index = 0; index < text.length; index++) {
      const code = text.charCodeAt(index);
      if (!isFieldValueCode(code)) throw new HeadWriterError("a value holds control characters");
      bytes[end++] = code;
    }
    this.#end = end;
  }

  /** Writes a header line. @throws {HeadWriterError} If it breaks the grammar. */
  line(name: string, value: string): void {
    this.token(name);
    this.raw(": ");
    this.text(value);
    this.endLine();
  }

  /** Writes a field name or a method. @throws {HeadWriterError} If it is no token. */
  token(text: string): void {
    if (text === "") throw new HeadWriterError("a token is empty");
    const bytes = this.#bytes;
    let end = this.#end;
    for (let index = 0; index < text.length; index++) {
      const code = text.charCodeAt(index);
      if (!isTokenCode(code)) throw new HeadWriterError("a token holds other characters");
      bytes[end++] = code;
    }
    this.#end = end;
  }

  /** Ends a line, or with an empty one the head. */
  endLine(): void {
    this.#bytes[this.#end++] = CR;
    this.#bytes[this.#end++] = LF;
  }
}
