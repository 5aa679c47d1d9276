/**
 * Brotli and gzip by `node:zlib`, piece by piece: what goes in has come out, or is kept for what
 * follows, when a call resolves. Whoever opens one closes it.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import {
  brotliCompressSync,
  constants,
  createBrotliCompress,
  createGzip,
  gzipSync,
} from "node:zlib";
import type { ContentEncoding } from "../../config/config.ts";
import { COMPRESS_PIECE_BYTES } from "../../base/limits.ts";

/** 6 is what gzip itself takes: more costs twice the time for a hundredth of the size. */
const GZIP = { level: 6 };

/**
 * 4 and 5 are the last ones that cost as little as gzip; 11, the default, is for files that are kept.
 * A window of 256 KiB instead of 4 MiB bounds the memory of each answer.
 */
const BROTLI = {
  params: { [constants.BROTLI_PARAM_QUALITY]: 5, [constants.BROTLI_PARAM_LGWIN]: 18 },
};

/** So that a piece's output always fits, and zlib never waits for a reader. */
const BUFFERED = { highWaterMark: 8 * COMPRESS_PIECE_BYTES };

/** A compressor that is open. One call at a time. */
export interface Compressor {
  /** Takes a piece of at most {@linkcode COMPRESS_PIECE_BYTES}. @returns What came out; may be empty. */
  write(piece: Uint8Array): Promise<Uint8Array>;
  /** Brings everything out that was taken. */
  flush(): Promise<Uint8Array>;
  /** Ends the content. */
  end(): Promise<Uint8Array>;
  /** Frees its memory. May be called again, and not during a call. */
  close(): void;
}

/** Opens a compressor. */
export function openCompressor(encoding: ContentEncoding): Compressor {
  const zlib = encoding === "br"
    ? createBrotliCompress({ ...BROTLI, ...BUFFERED })
    : createGzip({ ...GZIP, ...BUFFERED });
  const finish = encoding === "br" ? constants.BROTLI_OPERATION_FINISH : constants.Z_FINISH;
  let fail: (error: Error) => void = () => {};
  zlib.on("error", (error) => fail(error));
  const call = (run: (done: () => void) => void) =>
    new Promise<Uint8Array>((resolve, reject) => {
      fail = reject;
      run(() => resolve(readAll(zlib)));
    });
  return {
    write: (piece) => call((done) => zlib.write(piece, () => done())),
    flush: () => call((done) => zlib.flush(() => done())),
    // Not by `end`: its callback does not wait for what still comes out.
    end: () => call((done) => zlib.flush(finish, () => done())),
    close: () => void zlib.destroy(),
  };
}

/** Takes what is there: each read gives one buffer of it. */
function readAll(zlib: { read(): Buffer | null }): Uint8Array {
  const buffers: Buffer[] = [];
  for (let buffer; (buffer = zlib.read()) !== null;) buffers.push(buffer);
  return buffers.length === 1 ? buffers[0] : Buffer.concat(buffers);
}

/** Compresses a whole body that is there already. */
export function compressBytes(bytes: Uint8Array, encoding: ContentEncoding): Uint8Array {
  return encoding === "br" ? brotliCompressSync(bytes, BROTLI) : gzipSync(bytes, GZIP);
}
