/**
 * A set of the extension types that a hello has brought so far, to find the one that comes twice. It
 * costs nothing but a few numbers for those that clients send. Pure. Input comes from strangers.
 *
 * @module
 */

const RENEGOTIATION_INFO = 0xff01;
const ENCRYPTED_CLIENT_HELLO = 0xfe0d;
/** Chromium's application_settings, before and after it was renumbered. */
const OLD_APPLICATION_SETTINGS = 17_513;
const APPLICATION_SETTINGS = 17_613;

/**
 * Extension types, 0 to 65535. Those of real clients cost a bit each; a hello of 64 KiB can hold
 * 16,000 others, for which comparing all with all would be an attack.
 */
export class ExtensionTypeSet {
  #low = 0;
  #middle = 0;
  #high = 0;
  #others: Set<number> | undefined;

  /** Adds a type. @returns False if it was in the set already. */
  add(type: number): boolean {
    const number = familiarNumber(type);
    return number < 0 ? this.#addOther(type) : this.#addFamiliar(number);
  }

  #addFamiliar(number: number): boolean {
    const bit = 1 << (number & 31);
    const before = number < 32 ? this.#low : number < 64 ? this.#middle : this.#high;
    if (number < 32) this.#low |= bit;
    else if (number < 64) this.#middle |= bit;
    else this.#high |= bit;
    return (before & bit) === 0;
  }

  #addOther(type: number): boolean {
    this.#others ??= new Set();
    if (this.#others.has(type)) return false;
    this.#others.add(type);
    return true;
  }
}

/** @returns 0 to 95, another one for each type that real clients send; -1 for the rest. */
function familiarNumber(type: number): number {
  if (type < 64) return type;
  // GREASE (RFC 8701): 0x0a0a, 0x1a1a and so on.
  if ((type & 0x0f0f) === 0x0a0a && type >> 8 === (type & 0xff)) return 64 + (type >> 12);
  switch (type) {
    case RENEGOTIATION_INFO:
      return 80;
    case ENCRYPTED_CLIENT_HELLO:
      return 81;
    case OLD_APPLICATION_SETTINGS:
      return 82;
    case APPLICATION_SETTINGS:
      return 83;
    default:
      return -1;
  }
}
