/** Frames by type: where they may stand, their lengths, what they say (RFC 9113 §6, §7). */
import assert from "node:assert/strict";
import {
  answered,
  anyOf,
  type ConformanceCase,
  connectionError,
  goesOn,
  streamError,
  testConformance,
} from "../../support/conformance_case.ts";
import {
  encodeData,
  encodeFields,
  encodeGoaway,
  encodeHead,
  encodeHeaders,
  encodePing,
  encodePriority,
  encodePriorityFields,
  encodeRawFrame,
  encodeReset,
  encodeSettings,
  encodeWindowUpdate,
  FLAG,
  FRAME,
  pseudoFields,
  SETTING,
  WHOLE_REQUEST,
} from "../../support/http2_frames.ts";
import { HTTP2_HOST } from "../../support/http2_place.ts";

const GET = encodeFields(pseudoFields(HTTP2_HOST));

const ok = answered(1, 200, "ok");
const protocolError = connectionError("protocolError");
const sizeError = connectionError("frameSizeError");

function frame(type: number, stream: number, length: number, flags = 0): Uint8Array {
  return encodeRawFrame({ type, flags, stream }, new Uint8Array(length));
}

/** Frames on streams and of lengths that they may not have; stream 1 is open. */
const MISPLACED: readonly (readonly [string, Uint8Array, typeof protocolError])[] = [
  ["§6.1: DATA on stream 0", encodeData(0, "a"), protocolError],
  ["§6.2: HEADERS on stream 0", encodeHeaders(0, GET), protocolError],
  ["§6.3: PRIORITY on stream 0", encodePriority(0), protocolError],
  ["§6.4: RST_STREAM on stream 0", encodeReset(0), protocolError],
  ["§6.4: RST_STREAM of 3 bytes", frame(FRAME.reset, 1, 3), sizeError],
  ["§6.4: RST_STREAM of 5 bytes", frame(FRAME.reset, 1, 5), sizeError],
  ["§6.5: SETTINGS on a stream", frame(FRAME.settings, 1, 6), protocolError],
  ["§6.5: SETTINGS of 3 bytes", frame(FRAME.settings, 0, 3), sizeError],
  ["§6.5: SETTINGS of 8 bytes", frame(FRAME.settings, 0, 8), sizeError],
  ["§6.5: an acknowledgement with a payload", frame(FRAME.settings, 0, 6, FLAG.ack), sizeError],
  ["§6.6: PUSH_PROMISE", frame(FRAME.pushPromise, 1, 4 + GET.length), protocolError],
  ["§6.6: PUSH_PROMISE on stream 0", frame(FRAME.pushPromise, 0, 4), protocolError],
  ["§6.7: PING on a stream", frame(FRAME.ping, 1, 8), protocolError],
  ["§6.7: PING of 6 bytes", frame(FRAME.ping, 0, 6), sizeError],
  ["§6.7: PING of 9 bytes", frame(FRAME.ping, 0, 9), sizeError],
  ["§6.8: GOAWAY on a stream", frame(FRAME.goaway, 1, 8), protocolError],
  ["§6.8: GOAWAY of 7 bytes", frame(FRAME.goaway, 0, 7), sizeError],
  ["§6.9: WINDOW_UPDATE of 3 bytes", frame(FRAME.windowUpdate, 0, 3), sizeError],
  ["§6.9: WINDOW_UPDATE of 3 bytes on a stream", frame(FRAME.windowUpdate, 1, 3), sizeError],
  ["§6.9: WINDOW_UPDATE by 0", encodeWindowUpdate(0, 0), protocolError],
];

const PLACES: readonly ConformanceCase[] = MISPLACED.map(([what, bytes, seen]) => ({
  what,
  play: async (client) => {
    client.open({ method: "POST", isWhole: false });
    await client.settle();
    client.send(bytes);
  },
  seen,
}));

const OTHERS: readonly ConformanceCase[] = [
  {
    what: "§5.4.1: after an error of the connection, nothing more is done",
    play: (client) => {
      client.send(encodePing([0]));
      client.send(encodeHead(1, pseudoFields(HTTP2_HOST)));
    },
    seen: async (client) => {
      await sizeError(client);
      assert.equal(client.exchanges.length, 0);
    },
  },
  {
    what: "§6.3: PRIORITY of 4 bytes",
    play: (client) => {
      client.open({ method: "POST", isWhole: false });
      client.send(frame(FRAME.priority, 1, 4));
    },
    seen: streamError(1, "frameSizeError"),
  },
  {
    what: "§5.3.1: PRIORITY of a stream that depends on itself",
    play: (client) => {
      client.open({ method: "POST", isWhole: false });
      client.send(encodePriority(1, 1));
    },
    // RFC 9113 §5.3.2 takes priorities out, and with them what they mean.
    seen: anyOf(streamError(1, "protocolError"), goesOn),
  },
  {
    what: "§5.3.1: HEADERS of a stream that depends on itself",
    play: (client) => {
      const payload = [...encodePriorityFields(1, 256), ...GET];
      client.send(encodeHeaders(1, payload, WHOLE_REQUEST | FLAG.priority));
    },
    seen: anyOf(streamError(1, "protocolError"), ok),
  },
  {
    what: "§6.3: PRIORITY of every kind of stream, with any weight",
    play: async (client) => {
      client.send(encodePriority(9, 0, 1), encodePriority(9, 0x8000_0007, 256));
      const id = client.open({ method: "POST", isWhole: false });
      client.send(encodePriority(id, 3, 256), encodeData(id, "a", FLAG.endStream));
      client.send(encodePriority(id));
      await client.settle();
      client.send(encodePriority(id));
    },
    seen: answered(1, 200, "a"),
  },
  {
    what: "§6.7: PING is answered with its own data",
    play: (client) => client.send(encodePing([1, 2, 3, 4, 5, 6, 7, 8]), encodePing()),
    seen: async (client) => {
      assert.deepEqual(client.witness.pongs, ["0102030405060708", "00".repeat(8)]);
      await goesOn(client);
    },
  },
  {
    what: "§6.7: an answer to no PING is not answered",
    play: (client) => client.send(encodePing([1, 2, 3, 4, 5, 6, 7, 8], FLAG.ack)),
    seen: async (client) => {
      assert.deepEqual(client.witness.pongs, []);
      await goesOn(client);
    },
  },
  ...[0, 0xff].map((code): ConformanceCase => ({
    what: `§6.8, §7: GOAWAY of the client with code ${code}: what is in flight is answered`,
    play: (client) => {
      const id = client.open({ method: "POST", isWhole: false });
      client.send(encodeGoaway(0, code), encodeData(id, "a", FLAG.endStream));
    },
    seen: ({ witness }) => {
      assert.deepEqual([witness.stream(1).head?.status, witness.stream(1).body], [200, "a"]);
      assert.ok([undefined, 0].includes(witness.goaway?.code), witness.describe());
    },
  })),
  {
    what: "§7: RST_STREAM with an unknown code",
    play: (client) => {
      client.open({ method: "POST", isWhole: false });
      client.send(encodeReset(1, 0xff));
    },
    seen: goesOn,
  },
];

/** Settings and their values (RFC 9113 §6.5.2, §6.5.3). */
const SETTINGS: readonly ConformanceCase[] = [
  {
    what: "§6.5.3: SETTINGS are acknowledged, each",
    play: (client) => client.send(encodeSettings(), encodeSettings(), encodeSettings()),
    seen: async (client) => {
      assert.equal(client.witness.settingsAcks, 4);
      await goesOn(client);
    },
  },
  {
    what: "§6.5.2: an unknown setting is ignored",
    play: (client) =>
      client.send(encodeSettings([[0xff, 1], [0, 1], [0xffff, 0xffff_ffff], [0x104, 1 << 31]])),
    seen: goesOn,
  },
  ...([
    [SETTING.enablePush, 2, "protocolError"],
    [SETTING.initialWindowSize, 0x8000_0000, "flowControlError"],
    [SETTING.maxFrameSize, 16_383, "protocolError"],
    [SETTING.maxFrameSize, 16_777_216, "protocolError"],
  ] as const).map(([id, value, code]): ConformanceCase => ({
    what: `§6.5.2: setting ${id} of ${value}`,
    play: (client) => client.send(encodeSettings([[id, value]])),
    seen: connectionError(code),
  })),
  {
    what: "RFC 9218 §2.1: NO_RFC7540_PRIORITIES of 2",
    play: (client) => client.send(encodeSettings([[SETTING.noPriorities, 2]])),
    seen: anyOf(connectionError("protocolError"), goesOn),
  },
  ...([
    [SETTING.headerTableSize, 0],
    [SETTING.headerTableSize, 0xffff_ffff],
    [SETTING.enablePush, 0],
    [SETTING.enablePush, 1],
    [SETTING.maxConcurrentStreams, 0],
    [SETTING.initialWindowSize, 0x7fff_ffff],
    [SETTING.maxFrameSize, 16_384],
    [SETTING.maxFrameSize, 16_777_215],
    [SETTING.maxHeaderListSize, 0xffff_ffff],
    [SETTING.maxHeaderListSize, 0],
    [SETTING.noPriorities, 1],
  ] as const).map(([id, value]): ConformanceCase => ({
    what: `§6.5.2: setting ${id} of ${value} is taken`,
    play: (client) => client.send(encodeSettings([[id, value]])),
    seen: goesOn,
  })),
];

testConformance([...PLACES, ...OTHERS, ...SETTINGS]);
