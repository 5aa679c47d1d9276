import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import type { Postern } from "../support/postern.ts";
import { type Script, startBrokenUpstream } from "../support/broken_upstream.ts";
import { HTTP2_ABUSES, type Http2AbuseName, STREAMS } from "../support/http2_abuses.ts";
import { testWithPrograms } from "../support/installed.ts";
import { residentMib } from "../support/process_usage.ts";
import { ok200 } from "../support/proxy_case.ts";
import { internalCaFile, offloadTo, startWithRoutes } from "../support/routes.ts";
import { encodeFields } from "../support/raw_http2.ts";
import {
  FLAG,
  FRAME,
  openRudeHttp2,
  pseudoFields,
  type RudeHttp2,
  type Seen,
} from "../support/rude_http2.ts";

const HOST = "a.test";

/** `timeouts.header` and `timeouts.keep_alive`: time enough for others, and no more. */
const TIMEOUT_MS = 3_000;

/** How much later than its limit a connection may end on a busy machine. */
const LATE_MS = 4_000;

/** For so long an abuse goes on that nothing ends. */
const PLAY_MS = 1_500;

/**
 * How long another client may wait for its answer. A machine with more work than cores needs seconds for
 * what a quiet one does in 10 ms.
 */
const ANSWER_MAX_MS = 8_000;

/** What one hostile connection may cost. */
const GROWTH_MAX_MIB = 100;

/** The runtime's SETTINGS_MAX_CONCURRENT_STREAMS. */
const RUNTIME_STREAMS = 200;

/** RFC 9113 §7. */
const CODE = { refusedStream: 7, enhanceYourCalm: 11 } as const;

/** Reads a request, answers it, and the next one; `/endless` has no end, `/body` is never answered. */
const serve: Script = async (peer) => {
  for (;;) {
    const head = await peer.readHead();
    if (head.startsWith("POST")) return await peer.untilGone();
    if (!head.startsWith("GET /endless")) await peer.write(ok200());
    else {
      await peer.write("HTTP/1.1 200 OK\r\nContent-Length: 1000000000000\r\n\r\n");
      for (const piece = new Uint8Array(65_536);;) await peer.write(piece);
    }
  }
};

/** Who ends it, or that nobody does; and what else is seen. */
interface Expected {
  /**
   * `runtime`: at once. `relay`: when no request has been in flight for too long. `nobody`: it goes on for
   * as long as its requests are in flight, whose limits of minutes are seen in `http2_request_test.ts`.
   */
  readonly endedBy: "runtime" | "relay" | "nobody";
  /** Whether others are served meanwhile; false where the runtime leaves that open, see SECURITY.md. */
  readonly isFair?: false;
  readonly sees?: (seen: Seen) => void;
}

const EXPECTED: Readonly<Record<Http2AbuseName, Expected>> = {
  resets_at_once: {
    endedBy: "runtime",
    sees: ({ goawayCode }) => strictEqual(goawayCode, CODE.enhanceYourCalm),
  },
  continuations: { endedBy: "runtime" },
  pings: { endedBy: "relay" },
  settings: { endedBy: "relay" },
  priorities: { endedBy: "relay" },
  unknown_frames: { endedBy: "relay" },
  unfinished_head: { endedBy: "relay" },
  silence: { endedBy: "relay" },
  resets_now_and_then: { endedBy: "nobody" },
  empty_data: { endedBy: "nobody" },
  closed_windows: { endedBy: "nobody", sees: seesBoundedStreams },
  bytewise_windows: { endedBy: "nobody" },
  swinging_windows: { endedBy: "nobody", isFair: false },
  unfinished_requests: { endedBy: "nobody", sees: seesBoundedStreams },
};

/** So many requests of one connection reach a server, and no more. */
function seesBoundedStreams({ resets }: Seen): void {
  deepStrictEqual(
    [...resets.values()],
    Array.from({ length: STREAMS - RUNTIME_STREAMS }, () => CODE.refusedStream),
  );
}

testWithPrograms(["ps"], "HTTP/2 abuse: what ends it, and others are served", async (context) => {
  await using upstream = startBrokenUpstream(serve);
  const timeouts = { header: `${TIMEOUT_MS}ms`, keep_alive: `${TIMEOUT_MS}ms` };
  await using postern = await startWithRoutes([
    offloadTo(HOST, `http://127.0.0.1:${upstream.address.port}`, { timeouts }),
  ]);
  await askOnce(postern);
  const before = await residentMib(postern.process.pid);
  for (const [name, expected] of Object.entries(EXPECTED)) {
    const { what } = HTTP2_ABUSES[name as Http2AbuseName];
    await context.step(`${what}: ended by ${expected.endedBy}`, async () => {
      await play(postern, name as Http2AbuseName, expected);
      await untilServed(postern);
      const growth = await residentMib(postern.process.pid) - before;
      ok(growth < GROWTH_MAX_MIB, `${growth} MiB more`);
      await untilOpen(upstream, 1);
    });
  }
});

/** What is malformed or too large, and how the runtime says so. */
const VIOLATIONS: readonly {
  readonly what: string;
  readonly play: (client: RudeHttp2) => Promise<void>;
}[] = [
  {
    what: "20 KiB of fields: 431",
    play: async (client) => {
      const stream = client.takeStream();
      const fields = encodeFields([...pseudoFields(HOST), ["x", "y".repeat(10_000)]]);
      const more = encodeFields([["x", "y".repeat(10_000)]]);
      await client.frame({ type: FRAME.headers, flags: FLAG.endStream, stream }, fields);
      await client.frame({ type: FRAME.continuation, flags: FLAG.endHeaders, stream }, more);
      await client.until(({ statuses }) => statuses.get(stream) === 431, "431");
    },
  },
  {
    what: "WINDOW_UPDATE by 0: PROTOCOL_ERROR",
    play: async (client) => {
      await client.openWindow(await client.open(pseudoFields(HOST, "/endless")), 0);
      await client.until(seesCode(1), "an error");
    },
  },
  {
    what: "windows beyond 2^31-1: FLOW_CONTROL_ERROR",
    play: async (client) => {
      const stream = await client.open(pseudoFields(HOST, "/endless"));
      await client.openWindow(stream, 0x7fff_ffff);
      await client.openWindow(stream, 0x7fff_ffff);
      await client.until(seesCode(3), "an error");
    },
  },
];

/** Of the stream, or of the connection. */
function seesCode(code: number): (seen: Seen) => boolean {
  return ({ goawayCode, resets }) => goawayCode === code || [...resets.values()].includes(code);
}

Deno.test("HTTP/2 abuse: what is malformed or too large is refused", async (context) => {
  await using upstream = startBrokenUpstream(serve);
  await using postern = await startWithRoutes([
    offloadTo(HOST, `http://127.0.0.1:${upstream.address.port}`),
  ]);
  for (const { what, play } of VIOLATIONS) {
    await context.step(what, async () => {
      using client = await open(postern, 0);
      await play(client);
      await untilServed(postern);
    });
  }
});

/** Plays one abuse, with another client beside it. */
async function play(
  postern: Postern,
  name: Http2AbuseName,
  { endedBy, isFair, sees }: Expected,
): Promise<void> {
  const abuse: (typeof HTTP2_ABUSES)[Http2AbuseName] & { windowBytes?: number } =
    HTTP2_ABUSES[name];
  using client = await open(postern, abuse.windowBytes);
  const enough = new AbortController();
  const startedAt = performance.now();
  const playing = abuse.play(client, { host: HOST, signal: enough.signal });
  if (endedBy === "nobody") setTimeout(() => enough.abort(), PLAY_MS);
  if (isFair !== false) {
    await askOnce(postern);
    ok(endedBy === "runtime" || !client.seen.isClosed, "the abuse went on meanwhile");
  }
  await playing;
  if (endedBy !== "nobody") await client.untilClosed(TIMEOUT_MS + LATE_MS);
  else strictEqual(client.seen.isClosed, false, client.describe());
  const afterMs = performance.now() - startedAt;
  if (endedBy === "relay") ok(afterMs >= TIMEOUT_MS * 0.8, `${afterMs} ms`);
  sees?.(client.seen);
}

async function open(postern: Postern, windowBytes?: number): Promise<RudeHttp2> {
  const caPem = Deno.readTextFileSync(internalCaFile(postern));
  return await openRudeHttp2(postern.https[0], { serverName: HOST, caPem, windowBytes });
}

/** Asks on a connection of its own. */
async function askOnce(postern: Postern): Promise<void> {
  using client = await open(postern);
  const stream = await client.open(pseudoFields(HOST));
  await client.until(({ endedStreams }) => endedStreams.has(stream), "an answer", ANSWER_MAX_MS);
  strictEqual(client.seen.statuses.get(stream), 200);
}

/** Asks until it is answered: what an abuse has left to be done may take longer than a head may. */
async function untilServed(postern: Postern): Promise<void> {
  const endsAt = performance.now() + ANSWER_MAX_MS;
  for (;;) {
    try {
      return await askOnce(postern);
    } catch (error) {
      if (performance.now() > endsAt) throw error;
    }
  }
}

/** Waits until the server has few connections: what an abuse held is let go with it. */
async function untilOpen(upstream: { readonly open: number }, most: number): Promise<void> {
  const endsAt = performance.now() + ANSWER_MAX_MS;
  while (upstream.open > most) {
    if (performance.now() > endsAt) throw new Error(`${upstream.open} connections are open`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
