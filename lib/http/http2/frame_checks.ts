/**
 * What is checked of a frame before anything becomes of it: its stream, its size, its padding (RFC 9113
 * §6). Pure. Input comes from strangers.
 *
 * @module
 */
import { ERROR_CODE, Http2Error } from "./error_codes.ts";
import type { Frame } from "./frame_input.ts";

/** Bytes of a priority, in PRIORITY and in HEADERS (RFC 9113 §6.2, §6.3). */
export const PRIORITY_BYTES = 5;

/** What a frame has to be like. */
export interface FrameShape {
  /** Whether it belongs to a stream; undefined = either. */
  readonly isOfStream?: boolean;
  /** Of the payload. */
  readonly bytes?: number;
  /** Of the payload. */
  readonly leastBytes?: number;
}

/** Checks what is the same for most types. @throws {Http2Error} If it does not hold. */
export function checkFrame(
  { stream, start, end }: Frame,
  { isOfStream, bytes, leastBytes = 0 }: FrameShape,
): void {
  if (isOfStream !== undefined && isOfStream !== (stream !== 0)) {
    throw protocolError("a frame on the wrong stream");
  }
  const length = end - start;
  if ((bytes !== undefined && length !== bytes) || length < leastBytes) {
    throw new Http2Error(ERROR_CODE.frameSizeError, "a frame has the wrong size");
  }
}

/**
 * Finds what a padded frame holds beside its padding (RFC 9113 §6.1, §6.2).
 *
 * @throws {Http2Error} If there is more padding than payload.
 */
export function withoutPadding(
  { bytes, start, end }: Frame,
): { readonly start: number; readonly end: number } {
  if (start === end) throw new Http2Error(ERROR_CODE.frameSizeError, "padding without its length");
  const padding = bytes[start];
  if (start + 1 + padding > end) throw protocolError("more padding than payload");
  return { start: start + 1, end: end - padding };
}

/** Makes the most common error. */
export function protocolError(message: string): Http2Error {
  return new Http2Error(ERROR_CODE.protocolError, message);
}

/** Makes the error of a window that is overrun, or too wide (RFC 9113 §6.9). */
export function flowControlError(message: string): Http2Error {
  return new Http2Error(ERROR_CODE.flowControlError, message);
}
