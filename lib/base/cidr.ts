/**
 * Blocks of IP addresses in CIDR notation (RFC 4632, RFC 4291 §2.3), and sets of them that say in
 * microseconds whether an address is inside, also with 100,000 blocks. IPv4-mapped IPv6 addresses are
 * IPv4 addresses here; otherwise the two families have nothing in common: `::/0` holds no IPv4
 * address. Pure. Addresses may come from strangers.
 *
 * @module
 */
import { formatIp, parseIp, unmapIpv4 } from "./addresses.ts";

/** A block of addresses. */
export interface Cidr {
  /** The first address of the block, in the one way to write it. */
  readonly ip: string;
  /** Bits that all addresses of the block share: 0 to 32 for IPv4, to 128 for IPv6. */
  readonly prefixBits: number;
}

/** The bits before the IPv4 address in a mapped one (RFC 4291 §2.5.5.2). */
const MAPPED_BITS = 96;

/**
 * Parses `10.0.0.0/8`, `2001:db8::/32`, or one address without a prefix. Bits behind the prefix are
 * set to zero: whoever wants to refuse them compares `ip` with what was written.
 *
 * @returns undefined if the text is no block.
 */
export function parseCidr(text: string): Cidr | undefined {
  const match = /^([\d.:a-fA-F]+)(?:\/(\d{1,3}))?$/.exec(text);
  const bytes = match === null ? undefined : parseIp(match[1]);
  if (match === null || bytes === undefined) return undefined;
  const writtenBits = match[2] === undefined ? bytes.length * 8 : Number(match[2]);
  if (writtenBits > bytes.length * 8) return undefined;
  clearBehind(bytes, writtenBits);
  const ip = formatIp(bytes);
  const unmapped = unmapIpv4(ip);
  // A shorter prefix holds more than the mapped addresses, and is a block of IPv6.
  if (unmapped === ip || writtenBits < MAPPED_BITS) return { ip, prefixBits: writtenBits };
  return { ip: unmapped, prefixBits: writtenBits - MAPPED_BITS };
}

/** Formats a block with its prefix, which a single address has not. */
export function formatCidr({ ip, prefixBits }: Cidr): string {
  const isAddress = prefixBits === (ip.includes(":") ? 128 : 32);
  return isAddress ? ip : `${ip}/${prefixBits}`;
}

/** A set of blocks, built once. */
export class CidrSet {
  readonly #ipv4: Family;
  readonly #ipv6: Family;

  constructor(blocks: readonly Cidr[]) {
    const parsed = blocks.map(({ ip, prefixBits }) => ({ bytes: parseIp(ip)!, prefixBits }));
    this.#ipv4 = new Family(parsed.filter(({ bytes }) => bytes.length === 4));
    this.#ipv6 = new Family(parsed.filter(({ bytes }) => bytes.length === 16));
  }

  /** Whether no address is inside. */
  get isEmpty(): boolean {
    return this.#ipv4.size === 0 && this.#ipv6.size === 0;
  }

  /** Says whether an address is in one of the blocks; what is no IP address is in none. */
  contains(ip: string): boolean {
    if (this.isEmpty) return false;
    const bytes = parseIp(unmapIpv4(ip));
    if (bytes === undefined) return false;
    return (bytes.length === 4 ? this.#ipv4 : this.#ipv6).contains(bytes);
  }
}

interface Block {
  readonly bytes: Uint8Array;
  readonly prefixBits: number;
}

/**
 * The blocks of one family, sorted by their first address. Two blocks are either disjoint or one is
 * inside the other; those inside others are left out, so that only the last block that begins at or
 * below an address can hold it.
 */
class Family {
  readonly #starts: readonly Uint8Array[];
  readonly #prefixBits: Uint8Array;

  constructor(blocks: readonly Block[]) {
    const sorted = blocks.toSorted((one, other) =>
      compareBytes(one.bytes, other.bytes) || one.prefixBits - other.prefixBits
    );
    const kept: Block[] = [];
    for (const block of sorted) {
      const last = kept.at(-1);
      if (last === undefined || !sharePrefix(last.bytes, block.bytes, last.prefixBits)) {
        kept.push(block);
      }
    }
    this.#starts = kept.map(({ bytes }) => bytes);
    this.#prefixBits = Uint8Array.from(kept, ({ prefixBits }) => prefixBits);
  }

  get size(): number {
    return this.#starts.length;
  }

  contains(bytes: Uint8Array): boolean {
    let low = 0;
    let high = this.#starts.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (compareBytes(this.#starts[middle], bytes) <= 0) low = middle + 1;
      else high = middle;
    }
    return low > 0 && sharePrefix(this.#starts[low - 1], bytes, this.#prefixBits[low - 1]);
  }
}

function compareBytes(one: Uint8Array, other: Uint8Array): number {
  for (let index = 0; index < one.length; index++) {
    const difference = one[index] - other[index];
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Says whether the first `bits` bits of two addresses of one family are the same. */
function sharePrefix(one: Uint8Array, other: Uint8Array, bits: number): boolean {
  const whole = bits >> 3;
  for (let index = 0; index < whole; index++) {
    if (one[index] !== other[index]) return false;
  }
  const rest = bits & 7;
  return rest === 0 || (one[whole] ^ other[whole]) >> (8 - rest) === 0;
}

function clearBehind(bytes: Uint8Array, bits: number): void {
  for (let index = 0; index < bytes.length; index++) {
    const kept = Math.min(8, Math.max(0, bits - index * 8));
    bytes[index] &= 0xff << (8 - kept);
  }
}
