/** Field sections as they are encoded, right and wrong (RFC 7541). */
import assert from "node:assert/strict";
import {
  answered,
  type ConformanceCase,
  connectionError,
  testConformance,
} from "../../support/conformance_case.ts";
import {
  encodeContinuation,
  encodeFields,
  encodeHeaders,
  encodeInteger,
  encodeSettings,
  encodeText,
  FLAG,
  pseudoFields,
  SETTING,
} from "../../support/http2_frames.ts";
import { HTTP2_HOST, type Http2Place } from "../../support/http2_place.ts";

const GOOD = encodeFields(pseudoFields(HTTP2_HOST));

const compressionError = connectionError("compressionError");

/** RFC 7541 §5.2 with codes of Appendix B: `a` is 00011, `w` is 1111000. */
const HUFFMAN = {
  a: [0x81, 0b00011_111],
  /** The padding has more than 7 bits. */
  longPadding: [0x82, 0b00011_111, 0xff],
  /** It is not of ones. */
  zeroPadding: [0x81, 0b00011_000],
  /** EOS is 30 ones. */
  endOfString: [0x84, 0xff, 0xff, 0xff, 0xff],
} as const;

const WRONG: readonly (readonly [string, readonly number[]])[] = [
  ["RFC 7541 §6.1: index 0", [0x80]],
  ["RFC 7541 §2.3.3: an index beyond both tables", encodeInteger(70, 7, 0x80)],
  ["RFC 7541 §2.3.3: a name's index beyond both tables", [
    ...encodeInteger(70, 6, 0x40),
    ...encodeText("a"),
  ]],
  ["RFC 7541 §2.3.3: the same without indexing", [...encodeInteger(70, 4), ...encodeText("a")]],
  ["RFC 7541 §4.2: a change of the table's size behind a field", [0x20]],
  ["RFC 7541 §6.3: a table larger than was allowed", []],
  ["RFC 7541 §5.1: an integer without end", [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]],
  ["RFC 7541 §5.1: an integer beyond 2^53", [0xff, ...new Array(20).fill(0x80), 0x01]],
  ["RFC 7541 §5.1: an integer that breaks off", [0xff, 0x80]],
  ["RFC 7541 §5.2: a text that breaks off", [0x00, 0x01, 0x78, 0x05, 0x61]],
  ["RFC 7541 §5.2: a text without its length", [0x00, 0x01, 0x78]],
  ["RFC 7541 §5.2: Huffman padding of more than 7 bits", [0, 1, 0x78, ...HUFFMAN.longPadding]],
  ["RFC 7541 §5.2: Huffman padding of zeros", [0, 1, 0x78, ...HUFFMAN.zeroPadding]],
  ["RFC 7541 §5.2: EOS in a Huffman text", [0, 1, 0x78, ...HUFFMAN.endOfString]],
  ["RFC 7541 §5.2: EOS in a Huffman name", [0, ...HUFFMAN.endOfString, ...encodeText("a")]],
];

const ERRORS: readonly ConformanceCase[] = WRONG.map(([what, wrong]) => ({
  what,
  play: (client) => {
    const isTable = what.includes("larger");
    const block = isTable ? [...encodeInteger(4_097, 5, 0x20), ...GOOD] : [...GOOD, ...wrong];
    client.send(encodeHeaders(1, block));
  },
  seen: async (client) => {
    await compressionError(client);
    assert.equal(client.exchanges.length, 0);
  },
}));

/** Where an error is found: in a section of several frames, in trailers, on a stream that is over. */
const PLACES: readonly ConformanceCase[] = [
  {
    what: "§4.3: an error in the last CONTINUATION",
    play: (client) => {
      client.send(encodeHeaders(1, GOOD, FLAG.endStream));
      client.send(encodeContinuation(1, [0x80], FLAG.endHeaders));
    },
    seen: compressionError,
  },
  {
    what: "§4.3: an error in trailers",
    play: (client) => {
      const id = client.open({ method: "POST", isWhole: false });
      client.send(encodeHeaders(id, [0x80]));
    },
    seen: compressionError,
  },
  {
    what: "§4.3: sections of refused streams change the table all the same",
    play: async (client) => {
      const most = client.witness.settings.get(SETTING.maxConcurrentStreams)!;
      for (let count = 0; count < most; count++) client.open({ path: "/wait" });
      await client.settle();
      // Refused, and still its field is the first of the table from here on.
      const id = client.takeStream();
      client.send(encodeHeaders(id, [...GOOD, ...indexed("x-a", "1")]));
      await client.settle();
      client.send(encodeHeaders(client.takeStream(), [...GOOD, 0xbe]));
    },
    seen: ({ witness }) => assert.equal(witness.goaway, undefined, witness.describe()),
  },
  {
    what: "§4.3: sections of malformed requests change the table all the same",
    play: async (client) => {
      client.send(encodeHeaders(1, [...indexed("x-a", "1"), ...GOOD]));
      await client.settle();
      client.send(encodeHeaders(3, [...GOOD, 0xbe]));
    },
    seen: async (client) => {
      assert.deepEqual(client.exchanges[0].headers, [["x-a", "1"]]);
      await answered(3, 200, "ok")(client);
    },
  },
];

/** RFC 7541 §6.2.1. */
function indexed(name: string, value: string): number[] {
  return [0x40, ...encodeText(name), ...encodeText(value)];
}

/** Sends sections one after another on streams of their own, and sees what the last one says. */
function says(
  what: string,
  blocks: readonly (readonly number[])[],
  expected: readonly (readonly [string, string])[],
): ConformanceCase {
  return {
    what,
    play: async (client: Http2Place) => {
      for (const block of blocks) {
        client.send(encodeHeaders(client.takeStream(), block));
        await client.settle(1);
      }
    },
    seen: async (client) => {
      const headers = client.exchanges.at(-1)?.headers;
      assert.deepEqual(headers, expected, client.witness.describe());
      await answered(2 * blocks.length - 1, 200, "ok")(client);
    },
  };
}

const RIGHT: readonly ConformanceCase[] = [
  {
    what: "RFC 7541 §6.1: indexes of the static table",
    play: (client) => client.send(encodeHeaders(1, [0x82, 0x87, 0x84, 0x41, ...encodeText("a.b")])),
    seen: async (client) => {
      const [{ method, target, authority }] = client.exchanges;
      assert.deepEqual([method, target, authority], ["GET", "/", "a.b"]);
      await answered(1, 200, "ok")(client);
    },
  },
  says("RFC 7541 §6.2.1: with indexing", [[...GOOD, ...indexed("x-a", "1")], [...GOOD, 0xbe]], [
    ["x-a", "1"],
  ]),
  says("RFC 7541 §6.2.1: an indexed name of the dynamic table", [
    [...GOOD, ...indexed("x-a", "1")],
    [...GOOD, 0x7e, ...encodeText("2"), 0xbe, 0xbf],
  ], [["x-a", "2"], ["x-a", "2"], ["x-a", "1"]]),
  says("RFC 7541 §6.2.1: an indexed name of the static table", [
    [...GOOD, ...encodeInteger(58, 6, 0x40), ...encodeText("curl"), 0xbe],
  ], [["user-agent", "curl"], ["user-agent", "curl"]]),
  says("RFC 7541 §6.2.2: without indexing", [
    [...GOOD, ...encodeInteger(58, 4), ...encodeText("curl")],
  ], [["user-agent", "curl"]]),
  says("RFC 7541 §6.2.3: never indexed", [
    [...GOOD, 0x10, ...encodeText("x-a"), ...encodeText("1"), 0x1f, 0x2b, ...encodeText("curl")],
  ], [["x-a", "1"], ["user-agent", "curl"]]),
  says("RFC 7541 §6.3: changes of the table's size", [
    [...GOOD, ...indexed("x-a", "1")],
    [0x20, ...encodeInteger(4_096, 5, 0x20), ...GOOD, ...indexed("x-b", "2"), 0xbe],
  ], [["x-b", "2"], ["x-b", "2"]]),
  says("RFC 7541 §4.4: a field larger than the table empties it", [
    [...GOOD, ...indexed("x-a", "1")],
    [...GOOD, ...indexed("x-b", "2".repeat(4_096)), ...indexed("x-c", "3"), 0xbe],
  ], [["x-b", "2".repeat(4_096)], ["x-c", "3"], ["x-c", "3"]]),
  says("RFC 7541 §5.2: Huffman texts", [[...GOOD, 0, ...HUFFMAN.a, ...HUFFMAN.a]], [["a", "a"]]),
  says("RFC 7541 §5.1: lengths with needless bytes", [
    [...GOOD, 0, 1, 0x78, 0x7f, 0x80, 0x80, 0x00, ..."y".repeat(127)].map((each) =>
      typeof each === "string" ? 0x79 : each
    ),
  ], [["x", "y".repeat(127)]]),
  {
    what: "RFC 7541 §4.2: the server's own table follows the client's limit, 0 and back",
    play: async (client) => {
      await client.ask();
      await client.ask();
      client.send(encodeSettings([[SETTING.headerTableSize, 0]]));
      await client.ask();
      client.send(encodeSettings([[SETTING.headerTableSize, 100]]));
      client.send(encodeSettings([[SETTING.headerTableSize, 65_536]]));
      await client.ask();
      await client.ask();
    },
    seen: async (client) => {
      const heads = [...client.witness.streams.values()].map(({ head }) => head);
      for (const head of heads) assert.deepEqual(head, heads[0]);
      await answered(9, 200, "ok")(client);
    },
  },
];

testConformance([...ERRORS, ...PLACES, ...RIGHT]);
