/** Requests: which are well-formed, which are not, and what is answered to either (RFC 9113 §8). */
import assert from "node:assert/strict";
import {
  answered,
  anyOf,
  type ConformanceCase,
  streamError,
  testConformance,
  type Verdict,
} from "../../support/conformance_case.ts";
import {
  encodeData,
  encodeFields,
  encodeHead,
  encodeHeaders,
  FLAG,
  pseudoFields,
  type RawField,
  WHOLE_REQUEST,
} from "../../support/http2_frames.ts";
import { HTTP2_HOST } from "../../support/http2_place.ts";

const GOOD = pseudoFields(HTTP2_HOST);
const [METHOD, SCHEME, AUTHORITY, PATH] = GOOD;

/** RFC 9113 §8.1.1: and nothing of it reaches the application. */
const malformed: Verdict = async (client) => {
  await streamError(1, "protocolError")(client);
  assert.equal(client.witness.stream(1).head, undefined);
  // The one that asks whether the connection goes on.
  assert.ok(client.exchanges.length <= 1);
};

/** Field sections that are malformed. */
const MALFORMED: readonly (readonly [string, readonly RawField[]])[] = [
  ["§8.2.1: an upper-case name", [...GOOD, ["X-Upper", "a"]]],
  ["§8.2.1: one upper-case letter", [...GOOD, ["x-uppeR", "a"]]],
  ["§8.2.1: an empty name", [...GOOD, ["", "a"]]],
  ["§8.2.1: a space in a name", [...GOOD, ["x y", "a"]]],
  ["§8.2.1: a colon in a name", [...GOOD, ["x:y", "a"]]],
  ["§8.2.1: a control character in a name", [...GOOD, ["x\x01", "a"]]],
  ["§8.2.1: latin1 in a name", [...GOOD, ["x\xe9", "a"]]],
  ["§8.2.1: NUL in a value", [...GOOD, ["x", "a\0b"]]],
  ["§8.2.1: CR in a value", [...GOOD, ["x", "a\rb"]]],
  ["§8.2.1: LF in a value", [...GOOD, ["x", "a\nb"]]],
  ["§8.2.1: a space before a value", [...GOOD, ["x", " a"]]],
  ["§8.2.1: a tab behind a value", [...GOOD, ["x", "a\t"]]],
  ["§8.2.2: connection", [...GOOD, ["connection", "keep-alive"]]],
  ["§8.2.2: keep-alive", [...GOOD, ["keep-alive", "timeout=5"]]],
  ["§8.2.2: proxy-connection", [...GOOD, ["proxy-connection", "keep-alive"]]],
  ["§8.2.2: transfer-encoding", [...GOOD, ["transfer-encoding", "chunked"]]],
  ["§8.2.2: upgrade", [...GOOD, ["upgrade", "h2c"]]],
  ["§8.2.2: te but trailers", [...GOOD, ["te", "trailers, deflate"]]],
  ["§8.3: an unknown pseudo-field", [...GOOD, [":test", "a"]]],
  ["§8.3: a pseudo-field of answers", [...GOOD, [":status", "200"]]],
  ["§8.3: a pseudo-field behind a field", [METHOD, SCHEME, AUTHORITY, ["x", "a"], PATH]],
  ["§8.3: an empty pseudo-name", [...GOOD, [":", "a"]]],
  ["§8.3.1: no :method", [SCHEME, AUTHORITY, PATH]],
  ["§8.3.1: no :scheme", [METHOD, AUTHORITY, PATH]],
  ["§8.3.1: no :path", [METHOD, SCHEME, AUTHORITY]],
  ["§8.3.1: an empty :path", [METHOD, SCHEME, AUTHORITY, [":path", ""]]],
  ["§8.3.1: a :path without a slash", [METHOD, SCHEME, AUTHORITY, [":path", "a"]]],
  ["§8.3.1: * with GET", [METHOD, SCHEME, AUTHORITY, [":path", "*"]]],
  ["§8.3.1: two of :method", [METHOD, ...GOOD]],
  ["§8.3.1: two of :scheme", [SCHEME, ...GOOD]],
  ["§8.3.1: two of :authority", [AUTHORITY, ...GOOD]],
  ["§8.3.1: two of :path", [PATH, ...GOOD]],
  ["§8.3.1: a method that is no token", [[":method", "G T"], SCHEME, AUTHORITY, PATH]],
  ["§8.3.1: an empty method", [[":method", ""], SCHEME, AUTHORITY, PATH]],
  ["§8.1.1: a content-length above 0 and no body", [...GOOD, ["content-length", "1"]]],
  ["§8.1.1: a content-length that is no number", [...GOOD, ["content-length", "+0"]]],
  ["§8.1.1: two content-lengths", [...GOOD, ["content-length", "0"], ["content-length", "1"]]],
];

const FIELDS: readonly ConformanceCase[] = MALFORMED.map(([what, fields]) => ({
  what,
  play: (client) => client.send(encodeHead(1, fields)),
  // A method that is none may as well be answered with 400, as HTTP/1.1 does.
  seen: what.includes("method that") ? anyOf(malformed, answered(1, 400)) : malformed,
}));

/** The same, with a body that does not come. */
const UNFINISHED: readonly ConformanceCase[] = MALFORMED.filter(([what]) =>
  !what.includes("no body")
)
  .map(([what, fields]) => ({
    what: `${what}, before its body`,
    play: (client) => {
      client.send(encodeHead(1, fields, false));
      client.send(encodeData(1, "x".repeat(1_000)), encodeData(1, "y", FLAG.endStream));
    },
    seen: what.includes("method that") ? anyOf(malformed, answered(1, 400)) : malformed,
  }));

const LENGTHS: readonly ConformanceCase[] = ([
  ["a body shorter than its content-length", "10", ["short"]],
  ["a body longer than its content-length", "1", ["long"]],
  ["two pieces, longer together", "4", ["ab", "cde"]],
  ["two pieces, shorter together", "6", ["ab", "cde"]],
  ["a body where there should be none", "0", ["a"]],
  ["no byte of a body", "3", [""]],
] as const).map(([what, length, pieces]) => ({
  what: `§8.1.1: ${what}`,
  play: async (client) => {
    const fields: RawField[] = [["content-length", length]];
    const id = client.open({ method: "POST", path: "/echo", fields, isWhole: false });
    for (const [index, piece] of pieces.entries()) {
      client.send(encodeData(id, piece, index === pieces.length - 1 ? FLAG.endStream : 0));
      await client.settle(1);
    }
  },
  seen: streamError(1, "protocolError"),
}));

const BODIES: readonly ConformanceCase[] = [
  {
    what: "§8.1.1: pieces that are as long as they should be",
    play: (client) => {
      const fields: RawField[] = [["content-length", "5"]];
      const id = client.open({ method: "POST", fields, isWhole: false });
      client.send(encodeData(id, "ab"), encodeData(id), encodeData(id, "cde", FLAG.endStream));
    },
    seen: answered(1, 200, "abcde"),
  },
  {
    what: "§8.1: empty DATA ends a body",
    play: (client) => {
      const id = client.open({ method: "POST", isWhole: false });
      client.send(encodeData(id, "ab"), encodeData(id, "", FLAG.endStream));
    },
    seen: answered(1, 200, "ab"),
  },
  {
    what: "§8.1: a content-length of 0 and no body",
    play: (client) => void client.open({ method: "POST", fields: [["content-length", "0"]] }),
    seen: answered(1, 200),
  },
  {
    what: "§8.1: trailers end a body",
    play: (client) => {
      const id = client.open({ method: "POST", isWhole: false });
      client.send(encodeData(id, "ab"), encodeHeaders(id, encodeFields([["x-sum", "1"]])));
    },
    seen: answered(1, 200, "ab"),
  },
  {
    what: "§8.1: trailers without a body",
    play: (client) => {
      const id = client.open({ method: "POST", isWhole: false });
      client.send(encodeHeaders(id, encodeFields([["x-sum", "1"]])));
    },
    seen: answered(1, 200, ""),
  },
  ...([
    ["§8.1: a second HEADERS that does not end the stream", [["x-sum", "1"]], FLAG.endHeaders],
    ["§8.1: a pseudo-field in trailers", [[":method", "POST"]], WHOLE_REQUEST],
    ["§8.1: a pseudo-field of answers in trailers", [[":status", "200"]], WHOLE_REQUEST],
    ["§8.2.1: an upper-case name in trailers", [["X-Sum", "1"]], WHOLE_REQUEST],
    ["§8.2.1: LF in a value of trailers", [["x-sum", "1\n2"]], WHOLE_REQUEST],
  ] as const).map(([what, fields, flags]): ConformanceCase => ({
    what,
    play: async (client) => {
      const id = client.open({ method: "POST", path: "/echo", isWhole: false });
      client.send(encodeData(id, "ab"));
      await client.settle();
      client.send(encodeHeaders(id, encodeFields(fields), flags));
    },
    seen: streamError(1, "protocolError"),
  })),
];

const ANSWERS: readonly ConformanceCase[] = [
  {
    what: "§8.3.2: an answer has its status first, and a date",
    play: (client) => void client.open(),
    seen: ({ witness }) => {
      const { head } = witness.stream(1);
      assert.deepEqual(head?.headers.filter(([name]) => name === "content-length"), [
        ["content-length", "2"],
      ]);
      assert.equal(head?.headers.filter(([name]) => name === "date").length, 1);
    },
  },
  {
    what: "§8.1: HEAD is answered without a body, with its length",
    play: (client) => void client.open({ method: "HEAD", path: "/bytes/9" }),
    seen: ({ witness }) => {
      const { head, isEnded } = witness.stream(1);
      assert.equal(isEnded, true);
      assert.deepEqual(head?.headers.filter(([name]) => name === "content-length"), [
        ["content-length", "9"],
      ]);
    },
  },
  {
    what: "§8.1: an answer before the end of its request ends the stream, without an error",
    play: async (client) => {
      const id = client.open({ method: "POST", path: "/early", isWhole: false });
      client.send(encodeData(id, "x".repeat(10_000)));
      await client.settle();
      client.send(encodeData(id, "x".repeat(10_000)));
    },
    seen: async (client) => {
      await client.clock.advance(1_000);
      await streamError(1, "noError")(client);
      const { head, body, isEnded } = client.witness.stream(1);
      assert.deepEqual([head?.status, body, isEnded], [413, "early", true]);
    },
  },
  ...([
    ["te: trailers", ["te", "trailers"]],
    ["latin1 and tabs in a value", ["x", "a\xe9\tb"]],
    ["an empty value", ["x", ""]],
    ["a host that is :authority", ["host", HTTP2_HOST]],
  ] as const).map(([what, field]): ConformanceCase => ({
    what: `§8.2: ${what}`,
    play: (client) => void client.open({ fields: [field] }),
    seen: answered(1, 200, "ok"),
  })),
  {
    what: "§8.3.1: * with OPTIONS",
    play: (client) => void client.open({ method: "OPTIONS", path: "*" }),
    seen: answered(1, 200, "ok"),
  },
  {
    what: "§8.3.1: Host in place of :authority",
    play: (client) => client.send(encodeHead(1, [METHOD, SCHEME, PATH, ["host", HTTP2_HOST]])),
    seen: async (client) => {
      await answered(1, 200, "ok")(client);
      assert.equal(client.exchanges[0].authority, HTTP2_HOST);
    },
  },
  {
    what: "§8.3.1: neither Host nor :authority",
    play: (client) => client.send(encodeHead(1, [METHOD, SCHEME, PATH])),
    seen: answered(1, 400),
  },
  {
    what: "§8.3.1: another Host than :authority",
    play: (client) => void client.open({ fields: [["host", "other.example.org"]] }),
    seen: answered(1, 400),
  },
  {
    what: "§8.3.1: another scheme",
    play: (client) => client.send(encodeHead(1, [METHOD, [":scheme", "ftp"], AUTHORITY, PATH])),
    seen: answered(1, 400),
  },
  {
    what: "§8.5: CONNECT",
    play: (client) => client.send(encodeHead(1, [[":method", "CONNECT"], AUTHORITY])),
    seen: anyOf(answered(1, 405), malformed),
  },
  {
    what: "RFC 8441: CONNECT with a protocol, which was not offered",
    play: (client) => {
      client.send(
        encodeHead(1, [[":method", "CONNECT"], [":protocol", "websocket"], ...GOOD.slice(1)]),
      );
    },
    seen: anyOf(malformed, answered(1, 405)),
  },
];

testConformance([...FIELDS, ...UNFINISHED, ...LENGTHS, ...BODIES, ...ANSWERS]);
