/**
 * Writes the body of an answer piece by piece, through one buffer in which its encoded head lies. A
 * body that breaks off, or has not the length that was said, is never ended as if it were whole. Does
 * I/O through what it is given.
 *
 * @module
 */
import type { Body, HeaderLine } from "../message.ts";
import type { AnswerFraming } from "./answer_plan.ts";
import {
  CHUNK_END_BYTES,
  CHUNK_START_MAX_BYTES,
  encodeLastChunk,
  frameChunk,
} from "./chunked_encoder.ts";

/** Where a body goes. */
export interface BodyOutput {
  readonly framing: AnswerFraming;
  /** Of the same message. */
  readonly headers: readonly HeaderLine[];
  readonly buffer: Uint8Array<ArrayBuffer>;
  /** Bytes at the start of the buffer that go before the body. */
  readonly headBytes: number;
  /** Writes all bytes, and is done with them when it returns. */
  readonly send: (bytes: Uint8Array) => Promise<void>;
}

/** Enough for a body around a body, and less than a microsecond. */
const MICROTASKS_FOR_FIRST_PIECE = 8;

/** With less room behind the head, the head goes first. */
const PIECE_MIN_BYTES = 1_024;

/**
 * Writes the head and the body. The head leaves with the first piece if that is at hand, else at once:
 * a client may wait for it while the body is being made.
 *
 * @throws {Error} If the client takes no more, or the body breaks off or has another length than said.
 * A read of the body may then still use the buffer.
 */
export async function writeBody(body: Body, output: BodyOutput): Promise<void> {
  const { buffer, framing, send } = output;
  const isChunked = framing.kind === "chunked";
  const length = framing.kind === "length" ? Number(framing.length) : undefined;
  let { headBytes } = output;
  let sentBytes = 0;
  while (sentBytes !== length || headBytes > 0) {
    const start = headBytes + (isChunked ? CHUNK_START_MAX_BYTES : 0);
    const room = buffer.subarray(start, buffer.length - CHUNK_END_BYTES);
    if (room.length < PIECE_MIN_BYTES) {
      await send(buffer.subarray(0, headBytes));
      headBytes = 0;
      continue;
    }
    const reading = body.read(room);
    if (headBytes > 0 && !await hasCome(reading)) {
      await send(buffer.subarray(0, headBytes));
      headBytes = 0;
    }
    const count = await reading;
    if (count === 0) return await finish(body, output, { headBytes, sentBytes });
    sentBytes += count;
    if (length !== undefined && sentBytes > length) throw new Error("body is longer than said");
    await send(framePiece(output, { start, count, headBytes }));
    headBytes = 0;
  }
}

/** Puts the head, the lines of the chunk and the piece together where they lie. */
function framePiece(
  { buffer, framing }: BodyOutput,
  piece: { readonly start: number; readonly count: number; readonly headBytes: number },
): Uint8Array {
  const { start, count, headBytes } = piece;
  const isChunked = framing.kind === "chunked";
  const dataStart = isChunked ? frameChunk(buffer, start, count) : start;
  const end = start + count + (isChunked ? CHUNK_END_BYTES : 0);
  const from = dataStart - headBytes;
  if (headBytes > 0 && from > 0) buffer.copyWithin(from, 0, headBytes);
  return buffer.subarray(from, end);
}

async function finish(
  body: Body,
  { buffer, framing, headers, send }: BodyOutput,
  { headBytes, sentBytes }: { readonly headBytes: number; readonly sentBytes: number },
): Promise<void> {
  if (framing.kind === "length" && sentBytes < Number(framing.length)) {
    throw new Error("body is shorter than said");
  }
  if (headBytes > 0) await send(buffer.subarray(0, headBytes));
  if (framing.kind === "chunked") await send(encodeLastChunk(body.trailers, headers));
}

/**
 * Says whether a piece comes without waiting for anything outside. A body that fails has none: without
 * its head, the client would believe that the request was never taken up, and send it again
 * (RFC 9112 §9.3.1).
 */
async function hasCome(reading: Promise<number>): Promise<boolean> {
  let isThere = false;
  const note = () => {
    isThere = true;
  };
  reading.then(note, () => {});
  for (let turn = 0; turn < MICROTASKS_FOR_FIRST_PIECE && !isThere; turn++) await undefined;
  return isThere;
}
