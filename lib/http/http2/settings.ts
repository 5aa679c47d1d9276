/**
 * The settings of both sides (RFC 9113 §6.5): what a client has said, and what we say. Pure. Input
 * comes from strangers.
 *
 * @module
 */
import { HEAD_MAX_BYTES } from "../../base/limits.ts";
import {
  HTTP2_STREAM_WINDOW_BYTES,
  HTTP2_STREAMS_MAX,
  HTTP2_WINDOW_BYTES,
} from "../../base/http2_limits.ts";
import { ERROR_CODE, Http2Error } from "./error_codes.ts";
import {
  FRAME,
  FRAME_HEAD_BYTES,
  FRAME_PAYLOAD_MAX_BYTES,
  INT31_MAX,
  readUint32,
  writeFrameHead,
  writeUint32,
} from "./frames.ts";
import { INITIAL_TABLE_BYTES } from "./hpack/dynamic_table.ts";

/** Identifiers (RFC 9113 §6.5.2, RFC 9218 §2.1); others are to be ignored. */
export const SETTING = {
  headerTableSize: 0x1,
  enablePush: 0x2,
  maxConcurrentStreams: 0x3,
  initialWindowSize: 0x4,
  maxFrameSize: 0x5,
  maxHeaderListSize: 0x6,
  noRfc7540Priorities: 0x9,
} as const;

/** A window before anything is said (§6.9.2). */
export const WINDOW_START_BYTES = 65_535;

/** Bytes of one setting. */
const SETTING_BYTES = 6;

/** The largest MAX_FRAME_SIZE there is. */
const FRAME_SIZE_MAX = 0xff_ffff;

/** What a client wants. */
export class PeerSettings {
  /** What our encoder may keep of header fields. Bytes. */
  headerTableBytesMax = INITIAL_TABLE_BYTES;
  /** What each of its streams may be sent unasked. Bytes. */
  initialWindowBytes = WINDOW_START_BYTES;

  /**
   * Takes over what a SETTINGS frame says; the caller compares before and after.
   *
   * @param bytes Where the payload lies, from `start` to `end`.
   * @throws {Http2Error} If a value is out of its range (RFC 9113 §6.5.2).
   */
  apply(bytes: Uint8Array, start: number, end: number): void {
    if ((end - start) % SETTING_BYTES !== 0) {
      throw new Http2Error(ERROR_CODE.frameSizeError, "SETTINGS of no whole number of settings");
    }
    for (let at = start; at < end; at += SETTING_BYTES) {
      this.#set(bytes[at] << 8 | bytes[at + 1], readUint32(bytes, at + 2));
    }
  }

  #set(id: number, value: number): void {
    switch (id) {
      case SETTING.headerTableSize:
        this.headerTableBytesMax = value;
        break;
      case SETTING.enablePush:
        if (value > 1) throw refused("ENABLE_PUSH is neither 0 nor 1");
        break;
      case SETTING.initialWindowSize:
        if (value > INT31_MAX) {
          throw new Http2Error(ERROR_CODE.flowControlError, "INITIAL_WINDOW_SIZE beyond 2^31-1");
        }
        this.initialWindowBytes = value;
        break;
      case SETTING.maxFrameSize:
        if (value < FRAME_PAYLOAD_MAX_BYTES || value > FRAME_SIZE_MAX) {
          throw refused("MAX_FRAME_SIZE out of its range");
        }
        // Our frames are never larger than the least that it may be.
        break;
    }
  }
}

/** What we say: no push is ever made, and every frame stays within the least that may be allowed. */
const SERVER_SETTINGS: readonly (readonly [id: number, value: number])[] = [
  [SETTING.maxConcurrentStreams, HTTP2_STREAMS_MAX],
  [SETTING.initialWindowSize, HTTP2_STREAM_WINDOW_BYTES],
  [SETTING.maxHeaderListSize, HEAD_MAX_BYTES],
  [SETTING.noRfc7540Priorities, 1],
];

/** Encodes the first frames of a server: SETTINGS, and the connection's window (§3.4, §6.9.2). */
export function encodeServerPreface(): Uint8Array {
  const settingsBytes = SERVER_SETTINGS.length * SETTING_BYTES;
  const bytes = new Uint8Array(FRAME_HEAD_BYTES + settingsBytes + FRAME_HEAD_BYTES + 4);
  let at = 0;
  const connection = { flags: 0, stream: 0 };
  writeFrameHead(bytes, at, { length: settingsBytes, type: FRAME.settings, ...connection });
  at += FRAME_HEAD_BYTES;
  for (const [id, value] of SERVER_SETTINGS) {
    bytes[at + 1] = id;
    writeUint32(bytes, at + 2, value);
    at += SETTING_BYTES;
  }
  writeFrameHead(bytes, at, { length: 4, type: FRAME.windowUpdate, ...connection });
  writeUint32(bytes, at + FRAME_HEAD_BYTES, HTTP2_WINDOW_BYTES - WINDOW_START_BYTES);
  return bytes;
}

function refused(message: string): Http2Error {
  return new Http2Error(ERROR_CODE.protocolError, message);
}
