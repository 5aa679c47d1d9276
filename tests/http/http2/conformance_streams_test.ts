/** Streams: their states, their numbers, how many there may be (RFC 9113 §5.1). */
import assert from "node:assert/strict";
import {
  answered,
  anyOf,
  type ConformanceCase,
  connectionError,
  goesOn,
  streamError,
  testConformance,
  type Verdict,
} from "../../support/conformance_case.ts";
import {
  encodeContinuation,
  encodeData,
  encodeFields,
  encodeHead,
  encodeHeaders,
  encodePriority,
  encodeReset,
  encodeWindowUpdate,
  FLAG,
  pseudoFields,
  SETTING,
} from "../../support/http2_frames.ts";
import { HTTP2_HOST, type Http2Place } from "../../support/http2_place.ts";

const GET = encodeFields(pseudoFields(HTTP2_HOST));
const TRAILERS = encodeFields([["x-sum", "1"]]);

const protocolError = connectionError("protocolError");

/** The stream of these cases, and what can be sent on it. */
const ID = 1;

/** Brings the stream into a state. */
type State = (client: Http2Place) => Promise<void>;

/** The client has sent all of its request, and waits. */
const halfClosed: State = async (client) => {
  client.open({ path: "/wait" });
  await client.settle();
};

/** The client has reset it. */
const reset: State = async (client) => {
  client.open({ method: "POST", isWhole: false });
  await client.settle();
  client.send(encodeReset(ID));
  await client.settle();
};

/** Request and answer are over. */
const over: State = async (client) => {
  client.open();
  await client.settle();
  assert.equal(client.witness.stream(ID).isEnded, true);
};

/** The server has reset it. */
const refused: State = async (client) => {
  client.open({ method: "POST", fields: [["X", "y"]], isWhole: false });
  await client.settle();
  assert.notEqual(client.witness.stream(ID).resetCode, undefined, client.witness.describe());
};

function on(
  what: string,
  state: State,
  frames: readonly Uint8Array[],
  seen: Verdict,
): ConformanceCase {
  return {
    what: `§5.1: ${what}`,
    play: async (client) => {
      await state(client);
      client.send(...frames);
    },
    seen,
  };
}

const idle: State = () => Promise.resolve();
const data = encodeData(ID, "a");
const lastData = encodeData(ID, "a", FLAG.endStream);
const trailers = encodeHeaders(ID, TRAILERS);
const head = encodeHeaders(ID, GET);
const continuation = encodeContinuation(ID, GET, FLAG.endHeaders);

/**
 * RFC 9113 §5.1 allows the end of the connection for what comes on a closed stream, or silence where it
 * may have been on its way.
 */
const closedError = (id = ID) =>
  anyOf(
    connectionError("streamClosed", "protocolError"),
    streamError(id, "streamClosed"),
    goesOn,
  );

/** The same for a stream that ended on both sides long ago: not silence. */
const strictlyClosed = anyOf(
  connectionError("streamClosed", "protocolError"),
  streamError(ID, "streamClosed"),
);

const STATES: readonly ConformanceCase[] = [
  on("DATA on an idle stream", idle, [data], protocolError),
  on("RST_STREAM on an idle stream", idle, [encodeReset(ID)], protocolError),
  on("WINDOW_UPDATE on an idle stream", idle, [encodeWindowUpdate(ID, 100)], protocolError),
  on("CONTINUATION on an idle stream", idle, [continuation], protocolError),
  on("PRIORITY on an idle stream", idle, [encodePriority(ID)], goesOn),
  on(
    "an idle stream between others",
    async (client) => {
      client.send(encodeHeaders(5, GET));
      await client.settle();
    },
    [encodeData(7, "a")],
    protocolError,
  ),
  on("DATA on a half-closed stream", halfClosed, [data], streamError(ID, "streamClosed")),
  on("HEADERS on a half-closed stream", halfClosed, [trailers], streamError(ID, "streamClosed")),
  on(
    "CONTINUATION on a half-closed stream",
    halfClosed,
    [continuation],
    connectionError("protocolError", "streamClosed"),
  ),
  on(
    "WINDOW_UPDATE and PRIORITY on a half-closed stream",
    halfClosed,
    [encodeWindowUpdate(ID, 100), encodePriority(ID)],
    async (client) => {
      assert.equal(client.witness.stream(ID).resetCode, undefined);
      await goesOn(client);
    },
  ),
  on("RST_STREAM on a half-closed stream", halfClosed, [encodeReset(ID)], async (client) => {
    assert.equal(client.exchanges[0].signal.aborted, true);
    assert.equal(client.inFlight, 0);
    await goesOn(client);
  }),
  on("DATA on a stream that was reset", reset, [data], closedError()),
  on("HEADERS on a stream that was reset", reset, [trailers], closedError()),
  on(
    "CONTINUATION on a stream that was reset",
    reset,
    [continuation],
    connectionError("protocolError", "streamClosed"),
  ),
  on(
    "WINDOW_UPDATE, RST_STREAM and PRIORITY on a stream that was reset",
    reset,
    [encodeWindowUpdate(ID, 1), encodeReset(ID), encodePriority(ID)],
    goesOn,
  ),
  on("DATA on a stream that is over", over, [data], strictlyClosed),
  on("HEADERS on a stream that is over", over, [head], strictlyClosed),
  on(
    "CONTINUATION on a stream that is over",
    over,
    [continuation],
    connectionError("protocolError", "streamClosed"),
  ),
  on(
    "WINDOW_UPDATE, RST_STREAM and PRIORITY on a stream that is over",
    over,
    [encodeWindowUpdate(ID, 1), encodeReset(ID), encodePriority(ID)],
    goesOn,
  ),
  on(
    "what was on its way when the server reset the stream is ignored",
    refused,
    [data, encodeWindowUpdate(ID, 1), lastData, encodeReset(ID)],
    goesOn,
  ),
];

const NUMBERS: readonly ConformanceCase[] = [
  ...[
    ["DATA", encodeData(4, "a")],
    ["RST_STREAM", encodeReset(4)],
    ["WINDOW_UPDATE", encodeWindowUpdate(4, 1)],
  ].map(([name, frame]): ConformanceCase => ({
    what: `§5.1: ${name} on a stream of the server's, which are idle for ever`,
    play: async (client) => {
      client.send(encodeHeaders(9, GET));
      await client.settle();
      client.send(frame as Uint8Array);
    },
    seen: protocolError,
  })),
  {
    what: "§5.1.1: a stream with an even number",
    play: (client) => client.send(encodeHeaders(2, GET)),
    seen: protocolError,
  },
  {
    what: "§5.1.1: a number below one that was used",
    play: async (client) => {
      client.send(encodeHeaders(5, GET));
      await client.settle();
      client.send(encodeHeaders(3, GET));
    },
    // Skipped numbers are closed: STREAM_CLOSED says the same.
    seen: connectionError("protocolError", "streamClosed"),
  },
  {
    what: "§5.1.1: numbers may be left out",
    play: (client) =>
      client.send(encodeHeaders(1, GET), encodeHeaders(7, GET), encodeHeaders(99, GET)),
    seen: async (client) => {
      for (const id of [1, 7, 99]) assert.equal(client.witness.stream(id).head?.status, 200);
      await goesOn(client);
    },
  },
  {
    what: "§5.1.1: the highest number there is",
    play: (client) => client.send(encodeHeaders(0x7fff_ffff, GET)),
    seen: ({ witness }) => assert.equal(witness.stream(0x7fff_ffff).body, "ok"),
  },
  {
    what: "§5.1.2: more streams than the server allows",
    play: async (client) => {
      const most = client.witness.settings.get(SETTING.maxConcurrentStreams)!;
      for (let count = 0; count <= most; count++) client.open({ path: "/wait" });
      await client.settle();
    },
    seen: async (client) => {
      const most = client.witness.settings.get(SETTING.maxConcurrentStreams)!;
      assert.equal(client.exchanges.length, most, "so many reach the application");
      await streamError(2 * most + 1, "refusedStream", "protocolError");
    },
  },
  {
    what: "§5.1.2: a place is free again when its request is over",
    play: async (client) => {
      const most = client.witness.settings.get(SETTING.maxConcurrentStreams)!;
      for (let count = 0; count < most; count++) client.open({ path: "/wait" });
      await client.settle();
      client.send(encodeReset(1), encodeReset(3));
      await client.settle();
      client.open();
      client.open();
    },
    seen: ({ witness }) => {
      const most = witness.settings.get(SETTING.maxConcurrentStreams)!;
      assert.equal(witness.stream(2 * most + 1).body, "ok");
      assert.equal(witness.stream(2 * most + 3).body, "ok");
    },
  },
];

const MESSAGES: readonly ConformanceCase[] = [
  {
    what: "§5: requests of many streams mix",
    play: async (client) => {
      const ids = Array.from({ length: 20 }, () => client.open({ method: "POST", isWhole: false }));
      for (const piece of "abc") {
        for (const id of ids) client.send(encodeData(id, `${piece}${id} `));
        await client.settle(1);
      }
      for (const id of ids.reverse()) client.send(encodeData(id, "", FLAG.endStream));
    },
    seen: async (client) => {
      for (let id = 1; id < 40; id += 2) {
        assert.equal(client.witness.stream(id).body, `a${id} b${id} c${id} `);
      }
      await goesOn(client);
    },
  },
  {
    what: "§5.1: a request that waits does not keep others waiting",
    play: async (client) => {
      client.open({ path: "/wait" });
      await client.settle();
      client.send(encodeHead(3, pseudoFields(HTTP2_HOST)));
    },
    seen: answered(3, 200, "ok"),
  },
];

testConformance([...STATES, ...NUMBERS, ...MESSAGES]);
