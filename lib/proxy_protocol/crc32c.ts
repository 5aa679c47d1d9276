/**
 * CRC-32C (Castagnoli), the checksum a version 2 PROXY header may carry. Pure.
 *
 * @module
 */

/** The polynomial 0x1EDC6F41 of RFC 4960 Appendix B, bits reversed. */
const POLYNOMIAL = 0x82f63b78;

const TABLE = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? value >>> 1 ^ POLYNOMIAL : value >>> 1;
  return value;
});

/** @returns The checksum as an unsigned 32-bit number (RFC 4960 Appendix B). */
export function crc32c(bytes: Uint8Array): number {
  let value = 0xffff_ffff;
  for (const byte of bytes) value = TABLE[(value ^ byte) & 0xff] ^ value >>> 8;
  return ~value >>> 0;
}
