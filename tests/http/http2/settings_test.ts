import assert from "node:assert/strict";
import {
  HTTP2_STREAM_WINDOW_BYTES,
  HTTP2_STREAMS_MAX,
  HTTP2_WINDOW_BYTES,
} from "../../../lib/base/http2_limits.ts";
import { HEAD_MAX_BYTES } from "../../../lib/base/limits.ts";
import { ERROR_CODE, type ErrorCode, Http2Error } from "../../../lib/http/http2/error_codes.ts";
import {
  encodeServerPreface,
  PeerSettings,
  SETTING,
  WINDOW_START_BYTES,
} from "../../../lib/http/http2/settings.ts";
import { encodeSettings, FRAME, type Frame, takeFrames } from "../../support/http2_frames.ts";

/** Bytes before a frame's payload. */
const HEAD_BYTES = 9;

function apply(settings: readonly (readonly [number, number])[]): PeerSettings {
  const bytes = encodeSettings(settings);
  const peer = new PeerSettings();
  peer.apply(bytes, HEAD_BYTES, bytes.length);
  return peer;
}

Deno.test("PeerSettings: RFC 9113 §6.5.2, what holds before anything is said", () => {
  const { headerTableBytesMax, initialWindowBytes } = new PeerSettings();
  assert.deepEqual([headerTableBytesMax, initialWindowBytes], [4_096, 65_535]);
});

Deno.test("PeerSettings: the last one of several counts, and unknown ones are ignored", () => {
  const peer = apply([
    [SETTING.initialWindowSize, 5],
    [0xff, 7],
    [SETTING.headerTableSize, 0xffff_ffff],
    [SETTING.initialWindowSize, 2 ** 31 - 1],
    [SETTING.maxHeaderListSize, 1],
  ]);
  assert.equal(peer.initialWindowBytes, 2 ** 31 - 1);
  assert.equal(peer.headerTableBytesMax, 0xffff_ffff);
});

const VALUES: readonly [id: keyof typeof SETTING, value: number, code: ErrorCode | undefined][] = [
  ["enablePush", 0, undefined],
  ["enablePush", 1, undefined],
  ["enablePush", 2, ERROR_CODE.protocolError],
  ["initialWindowSize", 0, undefined],
  ["initialWindowSize", 2 ** 31, ERROR_CODE.flowControlError],
  ["initialWindowSize", 2 ** 32 - 1, ERROR_CODE.flowControlError],
  ["maxFrameSize", 16_383, ERROR_CODE.protocolError],
  ["maxFrameSize", 16_384, undefined],
  ["maxFrameSize", 2 ** 24 - 1, undefined],
  ["maxFrameSize", 2 ** 24, ERROR_CODE.protocolError],
  ["maxConcurrentStreams", 0, undefined],
];
for (const [id, value, code] of VALUES) {
  Deno.test(`PeerSettings: ${id} ${value} is ${code === undefined ? "taken" : `error ${code}`}`, () => {
    if (code === undefined) return void apply([[SETTING[id], value]]);
    assert.throws(
      () => apply([[SETTING[id], value]]),
      (error) => error instanceof Http2Error && error.code === code,
    );
  });
}

Deno.test("PeerSettings: RFC 9113 §6.5, a payload of no whole number of settings", () => {
  for (const bytes of [1, 5, 7]) {
    assert.throws(
      () => new PeerSettings().apply(new Uint8Array(bytes), 0, bytes),
      (error) => error instanceof Http2Error && error.code === ERROR_CODE.frameSizeError,
    );
  }
});

Deno.test("encodeServerPreface: SETTINGS come first, then the connection's window", () => {
  const frames: Frame[] = [];
  const bytes = encodeServerPreface();
  assert.equal(takeFrames(bytes, (frame) => frames.push(frame)), bytes.length);
  assert.deepEqual(frames.map(({ type, stream }) => [type, stream]), [
    [FRAME.settings, 0],
    [FRAME.windowUpdate, 0],
  ]);
  const view = (frame: Frame) => new DataView(frame.payload.slice().buffer);
  const settings = Array.from(
    { length: frames[0].payload.length / 6 },
    (_, index) => [view(frames[0]).getUint16(6 * index), view(frames[0]).getUint32(6 * index + 2)],
  );
  assert.deepEqual(settings, [
    [SETTING.maxConcurrentStreams, HTTP2_STREAMS_MAX],
    [SETTING.initialWindowSize, HTTP2_STREAM_WINDOW_BYTES],
    [SETTING.maxHeaderListSize, HEAD_MAX_BYTES],
    [SETTING.noRfc7540Priorities, 1],
  ]);
  assert.equal(view(frames[1]).getUint32(0), HTTP2_WINDOW_BYTES - WINDOW_START_BYTES);
});
