/**
 * Many bytes that nobody can predict, made and checked without holding them. Pure but for chance.
 *
 * @module
 */
import { createHash } from "node:crypto";

const MIB = 1_048_576;

/** Bytes of a known checksum. */
export interface Payload {
  readonly length: number;
  /** SHA-256, in hex. */
  readonly sha256: string;
  /** Every call gives the same bytes, in pieces of 1 MiB. */
  pieces(): Iterable<Uint8Array<ArrayBuffer>>;
}

/** Makes a payload of `mib` MiB. Each piece differs from the others, so that a swap is noticed. */
export function makePayload(mib: number): Payload {
  const noise = new Uint8Array(MIB);
  for (let at = 0; at < MIB; at += 65_536) crypto.getRandomValues(noise.subarray(at, at + 65_536));
  function* pieces() {
    for (let index = 0; index < mib; index++) {
      const piece = noise.slice();
      piece[0] = index;
      yield piece;
    }
  }
  const hash = createHash("sha256");
  for (const piece of pieces()) hash.update(piece);
  return { length: mib * MIB, sha256: hash.digest("hex"), pieces };
}

/** Writes a payload to a file. */
export async function writePayload(payload: Payload, path: string): Promise<void> {
  await Deno.writeFile(path, ReadableStream.from(payload.pieces()));
}

/** Reads a stream to its end. @returns The length and the SHA-256 of what came. */
export async function digest(
  stream: AsyncIterable<Uint8Array>,
): Promise<{ length: number; sha256: string }> {
  const hash = createHash("sha256");
  let length = 0;
  for await (const bytes of stream) {
    hash.update(bytes);
    length += bytes.length;
  }
  return { length, sha256: hash.digest("hex") };
}
