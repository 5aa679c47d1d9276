/**
 * Why a stream or a connection ends (RFC 9113 §7). Plain data. Pure.
 *
 * @module
 */

/** The codes of RST_STREAM and GOAWAY. */
export const ERROR_CODE = {
  noError: 0x0,
  protocolError: 0x1,
  internalError: 0x2,
  flowControlError: 0x3,
  settingsTimeout: 0x4,
  streamClosed: 0x5,
  frameSizeError: 0x6,
  refusedStream: 0x7,
  cancel: 0x8,
  compressionError: 0x9,
  connectError: 0xa,
  enhanceYourCalm: 0xb,
  inadequateSecurity: 0xc,
  http11Required: 0xd,
} as const;

/** One of {@linkcode ERROR_CODE}. */
export type ErrorCode = typeof ERROR_CODE[keyof typeof ERROR_CODE];

/** Thrown where the connection cannot go on: it ends with GOAWAY (RFC 9113 §5.4.1). */
export class Http2Error extends Error {
  override readonly name = "Http2Error";
  readonly code: ErrorCode;

  /** @param message For the log; says nothing that a stranger has sent. */
  constructor(code: ErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
