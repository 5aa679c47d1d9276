/** What hostile clients of HTTP/2 can do to the whole program: little, and others are served meanwhile. */
import { ok, strictEqual } from "node:assert/strict";
import type { Postern } from "../support/postern.ts";
import { type Script, startBrokenUpstream } from "../support/broken_upstream.ts";
import { curl } from "../support/curl.ts";
import {
  HTTP2_ABUSES,
  type Http2Abuse,
  type Http2AbuseName,
  STREAMS,
} from "../support/http2_abuses.ts";
import { testWithPrograms } from "../support/installed.ts";
import { residentMib } from "../support/process_usage.ts";
import { ok200 } from "../support/proxy_case.ts";
import { internalCaFile, offloadTo, startWithRoutes } from "../support/routes.ts";
import { CODE, encodeFields, FLAG, FRAME, pseudoFields } from "../support/http2_frames.ts";
import { openRudeHttp2, type RudeHttp2, type Seen } from "../support/rude_http2.ts";

const HOST = "a.test";

/** `timeouts.header` and `timeouts.keep_alive`: time enough for others, and no more. */
const TIMEOUT_MS = 3_000;

/** How much later than its limit a connection may end on a busy machine. */
const LATE_MS = 4_000;

/** For so long each abuse goes on, on connection after connection if need be. */
const PLAY_MS = 1_000;

/** For so long at most, where a slow machine has not yet ended the first connection. */
const PLAY_MAX_MS = 20_000;

/** What half of the other clients wait at most, TLS handshake included. */
const WAIT_MAX_MS = 8_000;

/** How long the unluckiest may wait: a machine with more work than cores needs seconds for 10 ms. */
const ANSWER_MAX_MS = 20_000;

/** What all of them together may leave behind: the heap grows to what requests in great numbers need. */
const GROWTH_MAX_MIB = 300;

/** What others ask for. It takes no server: those of this test have their hands full with the abuses. */
const OTHERS_PATH = "/robots.txt";

/** What SETTINGS_MAX_CONCURRENT_STREAMS says. */
const STREAMS_MAX = 128;

/** Reads a request, answers it, and the next one; `/endless` has no end, `/body` is never answered. */
const serve: Script = async (peer) => {
  for (;;) {
    const head = await peer.readHead();
    if (head.startsWith("POST") || head.startsWith("GET /wait")) return await peer.untilGone();
    if (!head.startsWith("GET /endless")) await peer.write(ok200());
    else {
      await peer.write("HTTP/1.1 200 OK\r\nContent-Length: 1000000000000\r\n\r\n");
      for (const piece = new Uint8Array(65_536);;) await peer.write(piece);
    }
  }
};

/** Who ends an abuse, if not the engine with ENHANCE_YOUR_CALM; and what else is seen. */
interface Expected {
  /**
   * `time`: when no request has been in flight for too long. `nobody`: it goes on for as long as its
   * requests are in flight, whose limits of minutes are seen where the clock is moved.
   */
  readonly endedBy: "time" | "nobody";
  readonly sees?: (client: RudeHttp2) => Promise<void>;
}

const EXPECTED: Readonly<Partial<Record<Http2AbuseName, Expected>>> = {
  unfinished_head: { endedBy: "time" },
  silence: { endedBy: "time" },
  resets_now_and_then: { endedBy: "nobody" },
  own_answers: { endedBy: "nobody" },
  closed_windows: { endedBy: "nobody", sees: seesBoundedStreams },
  unread_answers: { endedBy: "nobody" },
  unfinished_requests: { endedBy: "nobody", sees: seesBoundedStreams },
};

/** So many requests of one connection reach a server, and no more. */
async function seesBoundedStreams(client: RudeHttp2): Promise<void> {
  const refused = ({ resets }: Seen) =>
    [...resets.values()].filter((code) => code === CODE.refusedStream).length;
  await client.until((seen) => refused(seen) >= STREAMS - STREAMS_MAX, "the refusals");
  strictEqual(refused(client.seen), STREAMS - STREAMS_MAX);
}

testWithPrograms(
  ["ps", "curl"],
  "HTTP/2 abuse: what ends it, and others are served",
  async (context) => {
    await using upstream = startBrokenUpstream(serve);
    const timeouts = { header: `${TIMEOUT_MS}ms`, keep_alive: `${TIMEOUT_MS}ms` };
    await using postern = await startWithRoutes([
      offloadTo(HOST, `http://127.0.0.1:${upstream.address.port}`, {
        timeouts,
        paths: [{ path: OTHERS_PATH, respond: { body: "none" } }],
      }),
    ]);
    await askOnce(postern);
    const before = await residentMib(postern.process.pid);
    for (const [name, abuse] of Object.entries(HTTP2_ABUSES) as [Http2AbuseName, Http2Abuse][]) {
      const expected = EXPECTED[name];
      await context.step(
        `${abuse.what}: ended by ${expected?.endedBy ?? "the engine"}`,
        async () => {
          const { waitsMs, connections } = await playBesideOthers(postern, abuse, expected);
          const growth = await residentMib(postern.process.pid) - before;
          const waits = `${Math.round(waitsMs[waitsMs.length >> 1])}, ${
            Math.round(waitsMs.at(-1)!)
          } ms`;
          console.log(
            `${connections} ended; others wait ${waits} (median, most); ${
              Math.round(growth)
            } MiB more`,
          );
          ok(waitsMs[waitsMs.length >> 1] < WAIT_MAX_MS, waits);
          ok(growth < GROWTH_MAX_MIB, `${growth} MiB more`);
          await untilOpen(upstream, 2);
        },
      );
    }
  },
);

/** Plays one abuse, with other clients beside it, one after the other. */
async function playBesideOthers(
  postern: Postern,
  abuse: Http2Abuse,
  expected: Expected | undefined,
): Promise<{ waitsMs: number[]; connections: number }> {
  const enough = new AbortController();
  let isFirstOver = expected !== undefined;
  const onEnd = () => isFirstOver = true;
  const playing = playAgain(postern, abuse, { expected, signal: enough.signal, onEnd });
  playing.catch(onEnd);
  const waitsMs: number[] = [];
  const startedAt = performance.now();
  const goesOn = () => performance.now() - startedAt < (isFirstOver ? PLAY_MS : PLAY_MAX_MS);
  while (goesOn()) {
    const { status, totalMs, error } = await curl(`https://${HOST}${OTHERS_PATH}`, {
      to: postern.https[0],
      caFile: internalCaFile(postern),
      args: ["--http2"],
    });
    strictEqual(status, 200, error);
    waitsMs.push(totalMs);
  }
  if (expected?.endedBy !== "time") enough.abort();
  const connections = await playing;
  await askOnce(postern);
  return { waitsMs: waitsMs.sort((a, b) => a - b), connections };
}

/** Plays one abuse again and again, as soon as its connection has been ended. @returns How often it was. */
async function playAgain(
  postern: Postern,
  abuse: Http2Abuse,
  { expected, signal, onEnd }: {
    readonly expected: Expected | undefined;
    readonly signal: AbortSignal;
    /** Called when a connection has been ended. */
    readonly onEnd: () => void;
  },
): Promise<number> {
  for (let connections = 0;; connections++) {
    const startedAt = performance.now();
    using client = await open(postern, abuse.windowBytes);
    await abuse.play(client, { host: HOST, ownPath: OTHERS_PATH, signal });
    await expected?.sees?.(client);
    if (expected?.endedBy === "time") {
      await client.untilClosed(TIMEOUT_MS + LATE_MS);
      const afterMs = performance.now() - startedAt;
      ok(afterMs >= TIMEOUT_MS * 0.8, `${afterMs} ms`);
      return 1;
    }
    if (signal.aborted) {
      if (expected === undefined) ok(connections > 0 || client.seen.isClosed, client.describe());
      return connections;
    }
    await client.untilClosed();
    strictEqual(expected, undefined, `${abuse.what} goes on: ${client.describe()}`);
    // A write that fails may take what was on its way to the client with it.
    const { goawayCode = CODE.enhanceYourCalm } = client.seen;
    strictEqual(goawayCode, CODE.enhanceYourCalm, client.describe());
    onEnd();
  }
}

/** What is malformed or too large, and how that is said. */
const VIOLATIONS: readonly {
  readonly what: string;
  readonly play: (client: RudeHttp2) => Promise<void>;
}[] = [
  {
    what: "70 KB of fields: 431",
    play: async (client) => {
      const stream = client.takeStream();
      const fields = encodeFields([...pseudoFields(HOST), ["x", "y".repeat(10_000)]]);
      const more = encodeFields([["x", "y".repeat(10_000)]]);
      await client.frame({ type: FRAME.headers, flags: FLAG.endStream, stream }, fields);
      for (let count = 0; count < 6; count++) {
        const flags = count === 5 ? FLAG.endHeaders : 0;
        await client.frame({ type: FRAME.continuation, flags, stream }, more);
      }
      await client.until(({ statuses }) => statuses.get(stream) === 431, "431");
    },
  },
  {
    what: "WINDOW_UPDATE by 0: PROTOCOL_ERROR",
    play: async (client) => {
      await client.openWindow(await client.open(pseudoFields(HOST, "/endless")), 0);
      await client.until(seesCode(CODE.protocolError), "an error");
    },
  },
  {
    what: "windows beyond 2^31-1: FLOW_CONTROL_ERROR",
    play: async (client) => {
      const stream = await client.open(pseudoFields(HOST, "/endless"));
      await client.openWindow(stream, 0x7fff_ffff);
      await client.openWindow(stream, 0x7fff_ffff);
      await client.until(seesCode(CODE.flowControlError), "an error");
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
      await askOnce(postern);
    });
  }
});

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

/** Waits until the server has few connections: what an abuse held is let go with it. */
async function untilOpen(upstream: { readonly open: number }, most: number): Promise<void> {
  const endsAt = performance.now() + ANSWER_MAX_MS;
  while (upstream.open > most) {
    if (performance.now() > endsAt) throw new Error(`${upstream.open} connections are open`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
