/** Frames: the preface, heads, sizes, padding, extensions, interleaving (RFC 9113 §3.4, §4, §5.5). */
import assert from "node:assert/strict";
import {
  answered,
  anyOf,
  closed,
  type ConformanceCase,
  connectionError,
  goesOn,
  testConformance,
} from "../../support/conformance_case.ts";
import {
  concat,
  encodeContinuation,
  encodeData,
  encodeFields,
  encodeGoaway,
  encodeHeaders,
  encodePing,
  encodePriority,
  encodePriorityFields,
  encodeReset,
  encodeSettings,
  encodeWindowUpdate,
  FLAG,
  FRAME,
  FRAME_MAX_BYTES,
  padded,
  PREFACE,
  pseudoFields,
  WHOLE_REQUEST,
} from "../../support/http2_frames.ts";
import { HTTP2_HOST, type Http2Place } from "../../support/http2_place.ts";

const GET = encodeFields(pseudoFields(HTTP2_HOST));
const POST = encodeFields(pseudoFields(HTTP2_HOST, "/", "POST"));
const UNKNOWN = 0x16;

const ok = answered(1, 200, "ok");
const protocolError = connectionError("protocolError");
const sizeError = connectionError("frameSizeError");

/** Sends a request whose field section is only begun. */
function begin(client: Http2Place, flags: number = FLAG.endStream): void {
  client.send(encodeHeaders(1, GET.slice(0, 20), flags));
}

/** Ends it. */
function finish(client: Http2Place): void {
  client.send(encodeContinuation(1, GET.slice(20), FLAG.endHeaders));
}

const PREFACES: readonly ConformanceCase[] = [
  {
    what: "§3.4: the server's first frame is SETTINGS, whether or not a request waits for them",
    greets: false,
    play: (client) => client.send(PREFACE, encodeSettings()),
    // And its acknowledgement of the client's; the witness sees to it that nothing comes before.
    seen: ({ witness }) => assert.equal(witness.frames[FRAME.settings], 2),
  },
  {
    what: "§3.4: a request may follow the preface at once",
    greets: false,
    play: (client) => client.send(PREFACE, encodeSettings(), encodeHeaders(1, GET)),
    seen: ok,
  },
  {
    what: "§3.4: the preface byte by byte",
    greets: false,
    play: async (client) => {
      for (const byte of concat([PREFACE, encodeSettings(), encodeHeaders(1, GET)])) {
        client.send(Uint8Array.of(byte));
        await client.settle(1);
      }
    },
    seen: ok,
  },
  {
    what: "§3.4: another preface",
    greets: false,
    play: (client) => client.send(new TextEncoder().encode("INVALID CONNECTION PREFACE\r\n\r\n")),
    seen: closed(),
  },
  {
    what: "§3.4: a request of HTTP/1.1",
    greets: false,
    play: (client) => client.send(new TextEncoder().encode("GET / HTTP/1.1\r\nHost: a\r\n\r\n")),
    seen: closed(),
  },
  {
    what: "§3.4: a preface without SETTINGS behind it",
    greets: false,
    play: (client) => client.send(PREFACE, encodeHeaders(1, GET)),
    seen: connectionError("protocolError"),
  },
  {
    what: "§3.4: an acknowledgement in place of SETTINGS",
    greets: false,
    play: (client) => client.send(PREFACE, encodeSettings([], FLAG.ack), encodeHeaders(1, GET)),
    seen: anyOf(connectionError("protocolError"), ok),
  },
];

const HEADS: readonly ConformanceCase[] = [
  {
    what: "§4.1: a frame of an unknown type is ignored",
    play: (client) => {
      client.frame({ type: UNKNOWN, flags: 0xff, stream: 0 }, new Uint8Array(100));
      client.send(encodeHeaders(1, GET));
    },
    seen: ok,
  },
  {
    what: "§4.1: an unknown flag is ignored",
    play: (client) => client.send(encodePing(new Uint8Array(8), 0xfe)),
    seen: async (client) => {
      assert.deepEqual(client.witness.pongs, ["00".repeat(8)]);
      await goesOn(client);
    },
  },
  {
    what: "§4.1: flags of other types are ignored on HEADERS",
    play: (client) => client.send(encodeHeaders(1, GET, WHOLE_REQUEST | 0xd2 & ~FLAG.padded)),
    seen: ok,
  },
  {
    what: "§4.1: the reserved bit is ignored",
    play: (client) => {
      const frame = encodePing();
      frame[5] |= 0x80;
      const head = encodeHeaders(1, GET);
      head[5] |= 0x80;
      client.send(frame, head);
    },
    seen: ok,
  },
  {
    what: "§4.2: DATA of 16,384 bytes",
    play: (client) => {
      const stream = client.open({ method: "POST", isWhole: false });
      client.send(encodeData(stream, new Uint8Array(FRAME_MAX_BYTES).fill(0x61), FLAG.endStream));
    },
    seen: answered(1, 200, "a".repeat(FRAME_MAX_BYTES)),
  },
  {
    what: "§4.2: DATA of 16,385 bytes",
    play: (client) => {
      const stream = client.open({ method: "POST", isWhole: false });
      client.send(encodeData(stream, new Uint8Array(FRAME_MAX_BYTES + 1)));
    },
    seen: sizeError,
  },
  {
    what: "§4.2: HEADERS of 16,385 bytes",
    play: (client) => {
      client.send(encodeHeaders(1, [...GET, ...encodeFields([["x", "y".repeat(16_384)]])]));
    },
    seen: sizeError,
  },
  {
    what: "§4.2: the head of a frame of 16 MiB is enough",
    play: (client) => {
      client.send(Uint8Array.of(0xff, 0xff, 0xff, FRAME.data, 0, 0, 0, 0, 1));
    },
    seen: sizeError,
  },
  {
    what: "§4.2: an unknown frame of 16,385 bytes",
    play: (client) =>
      client.frame({ type: UNKNOWN, flags: 0, stream: 0 }, new Uint8Array(FRAME_MAX_BYTES + 1)),
    seen: sizeError,
  },
  {
    what: "§4.2: a frame that arrives byte by byte",
    play: async (client) => {
      for (const byte of encodeHeaders(1, GET)) {
        client.send(Uint8Array.of(byte));
        await client.settle(1);
      }
    },
    seen: ok,
  },
];

const SECTIONS: readonly ConformanceCase[] = [
  {
    what: "§4.3: PRIORITY within a field section",
    play: (client) => {
      begin(client);
      client.send(encodePriority(1));
      finish(client);
    },
    seen: protocolError,
  },
  {
    what: "§4.3: HEADERS of another stream within a field section",
    play: (client) => {
      begin(client);
      client.send(encodeHeaders(3, GET));
      finish(client);
    },
    seen: protocolError,
  },
  {
    what: "§4.3: CONTINUATION of another stream within a field section",
    play: (client) => {
      begin(client);
      client.send(encodeContinuation(3, GET.slice(20), FLAG.endHeaders));
    },
    seen: protocolError,
  },
  ...[
    ["DATA", encodeData(1)],
    ["RST_STREAM", encodeReset(1)],
    ["SETTINGS", encodeSettings()],
    ["PING", encodePing()],
    ["WINDOW_UPDATE", encodeWindowUpdate(0, 1)],
    ["GOAWAY", encodeGoaway()],
  ].map(([name, frame]): ConformanceCase => ({
    what: `§4.3: ${name} within a field section`,
    play: (client) => {
      begin(client);
      client.send(frame as Uint8Array);
      finish(client);
    },
    seen: protocolError,
  })),
  {
    what: "§5.5: an unknown frame within a field section",
    play: (client) => {
      begin(client);
      client.frame({ type: UNKNOWN, flags: 0, stream: 0 }, [0]);
      finish(client);
    },
    seen: protocolError,
  },
  {
    what: "§4.3: a field section in three frames, ten bytes each but the last",
    play: (client) => {
      client.send(
        encodeHeaders(1, GET.slice(0, 10), FLAG.endStream),
        encodeContinuation(1, GET.slice(10, 20)),
        encodeContinuation(1, GET.slice(20), FLAG.endHeaders),
      );
    },
    seen: ok,
  },
  {
    what: "§6.10: HEADERS without a byte, and empty CONTINUATIONs",
    play: (client) => {
      client.send(
        encodeHeaders(1, [], FLAG.endStream),
        encodeContinuation(1),
        encodeContinuation(1, GET),
        encodeContinuation(1, [], FLAG.endHeaders),
      );
    },
    seen: ok,
  },
  {
    what: "§6.10: CONTINUATION on stream 0",
    play: (client) => {
      begin(client);
      client.send(encodeContinuation(0, GET.slice(20), FLAG.endHeaders));
    },
    seen: protocolError,
  },
  {
    what: "§6.10: CONTINUATION behind a whole field section",
    play: (client) => {
      const id = client.open({ isWhole: false });
      client.send(encodeContinuation(id, [], FLAG.endHeaders));
    },
    seen: protocolError,
  },
  {
    what: "§6.10: CONTINUATION behind the last CONTINUATION",
    play: (client) => {
      begin(client, 0);
      finish(client);
      client.send(encodeContinuation(1, GET, FLAG.endHeaders));
    },
    seen: protocolError,
  },
  {
    what: "§6.10: CONTINUATION behind DATA",
    play: (client) => {
      const id = client.open({ method: "POST", isWhole: false });
      client.send(encodeData(id, "a"), encodeContinuation(id, GET, FLAG.endHeaders));
    },
    seen: protocolError,
  },
  {
    what: "§6.10: the end of the stream stands in HEADERS, not in CONTINUATION",
    play: (client) => {
      client.send(
        encodeHeaders(1, POST.slice(0, 20), 0),
        encodeContinuation(1, POST.slice(20), FLAG.endHeaders | FLAG.endStream),
        encodeData(1, "body", FLAG.endStream),
      );
    },
    seen: answered(1, 200, "body"),
  },
];

const PADDING: readonly ConformanceCase[] = [
  {
    what: "§6.1: DATA with padding",
    play: (client) => {
      const id = client.open({ method: "POST", isWhole: false });
      const flags = FLAG.padded;
      client.send(encodeData(id, padded([0x61], 6), flags));
      client.send(encodeData(id, padded([0x62], 0), flags));
      client.send(encodeData(id, padded([0x63], 255), flags | FLAG.endStream));
    },
    seen: answered(1, 200, "abc"),
  },
  {
    what: "§6.1: DATA of nothing but padding ends a stream",
    play: (client) => {
      const id = client.open({ method: "POST", isWhole: false });
      client.send(encodeData(id, padded([], 10), FLAG.padded | FLAG.endStream));
    },
    seen: answered(1, 200, ""),
  },
  ...[[10, 0], [5, 0, 0, 0], []].map((payload): ConformanceCase => ({
    what: `§6.1: DATA whose padding does not fit (${payload})`,
    play: (client) => {
      const id = client.open({ method: "POST", isWhole: false });
      client.send(encodeData(id, payload, FLAG.padded | FLAG.endStream));
    },
    seen: connectionError(
      "protocolError",
      ...(payload.length === 0 ? ["frameSizeError"] as const : []),
    ),
  })),
  {
    what: "§6.2: HEADERS with padding and priority",
    play: (client) => {
      const payload = padded([...encodePriorityFields(0x8000_0003, 256), ...GET], 20);
      client.send(encodeHeaders(1, payload, WHOLE_REQUEST | FLAG.padded | FLAG.priority));
    },
    seen: ok,
  },
  {
    what: "§6.2: HEADERS whose padding does not fit",
    play: (client) => client.send(encodeHeaders(1, [100, ...GET], WHOLE_REQUEST | FLAG.padded)),
    seen: protocolError,
  },
  {
    what: "§6.2: HEADERS whose padding leaves no place for the priority",
    play: (client) => {
      const flags = WHOLE_REQUEST | FLAG.padded | FLAG.priority;
      client.send(encodeHeaders(1, [4, 0, 0, 0, 0, 16, 0, 0, 0], flags));
    },
    seen: connectionError("protocolError", "frameSizeError", "compressionError"),
  },
  {
    what: "§6.2: HEADERS too short for the priority",
    play: (client) => client.send(encodeHeaders(1, [0, 0, 0], WHOLE_REQUEST | FLAG.priority)),
    seen: connectionError("protocolError", "frameSizeError"),
  },
];

testConformance([...PREFACES, ...HEADS, ...SECTIONS, ...PADDING]);
