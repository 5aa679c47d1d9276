import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { brotliDecompressSync, constants, gunzipSync } from "node:zlib";
import { COMPRESS_PIECE_BYTES } from "../../../lib/base/limits.ts";
import { compressBytes, openCompressor } from "../../../lib/http/policy/compressor.ts";
import { Random } from "../../support/random.ts";

const ENCODINGS = ["br", "gzip"] as const;

/** Decompresses what there is, also if the end is missing. */
function decompress(bytes: Uint8Array, encoding: "br" | "gzip", isWhole = true): Buffer {
  if (encoding === "gzip") {
    return gunzipSync(bytes, isWhole ? {} : { finishFlush: constants.Z_SYNC_FLUSH });
  }
  return brotliDecompressSync(
    bytes,
    isWhole ? {} : { finishFlush: constants.BROTLI_OPERATION_FLUSH },
  );
}

for (const encoding of ENCODINGS) {
  Deno.test(`openCompressor: ${encoding}, pieces of every size come out whole, seed 7`, async () => {
    const random = new Random(7);
    for (const isText of [true, false]) {
      const compressor = openCompressor(encoding);
      const [input, output]: Uint8Array[][] = [[], []];
      for (const size of [1, COMPRESS_PIECE_BYTES, 1_000, COMPRESS_PIECE_BYTES, 17]) {
        const piece = isText ? Buffer.alloc(size, "some text, ") : random.bytes(size);
        input.push(Buffer.from(piece));
        output.push(await compressor.write(piece));
        // The piece is the caller's again.
        piece.fill(0);
      }
      output.push(await compressor.end());
      compressor.close();
      assert(decompress(Buffer.concat(output), encoding).equals(Buffer.concat(input)));
    }
  });

  Deno.test(`openCompressor: ${encoding}, after a flush all that went in can be read`, async () => {
    const compressor = openCompressor(encoding);
    const output: Uint8Array[] = [];
    let input = "";
    for (const piece of ["first ", "second ", "x".repeat(10_000)]) {
      input += piece;
      output.push(await compressor.write(Buffer.from(piece)), await compressor.flush());
      assert.equal(decompress(Buffer.concat(output), encoding, false).toString(), input);
    }
    compressor.close();
    compressor.close();
  });

  Deno.test(`openCompressor: ${encoding}, nothing at all is whole, too`, async () => {
    const compressor = openCompressor(encoding);
    assert.equal(decompress(await compressor.end(), encoding).length, 0);
    compressor.close();
  });

  Deno.test(`compressBytes: ${encoding}, gets smaller and comes back`, () => {
    const bytes = Buffer.alloc(5_000, "text that repeats ");
    const compressed = compressBytes(bytes, encoding);
    assert(compressed.length < 500, `${compressed.length} bytes`);
    assert.deepEqual(decompress(compressed, encoding), bytes);
  });
}
