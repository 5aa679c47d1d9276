import assert from "node:assert/strict";
import { CHUNK_LINE_MAX_BYTES, TRAILER_MAX_BYTES } from "../../../lib/base/limits.ts";
import { ChunkedDecoder, type ChunkedState } from "../../../lib/http/http1/chunked_decoder.ts";
import { decodeLatin1 } from "../../../lib/http/http1/latin1.ts";
import { latin1 } from "../../support/scripted_connection.ts";
import { Random } from "../../support/random.ts";

interface Outcome {
  state: ChunkedState;
  data: string;
  rest: string;
  trailers: readonly (readonly [string, string])[];
}

/** Feeds the text in steps, with so much room for output at a time, until the decoder has decided. */
function decodeInSteps(text: string, stepBytes: number, roomBytes: number): Outcome {
  const input = latin1(text);
  const decoder = new ChunkedDecoder();
  const output = new Uint8Array(roomBytes);
  let data = "";
  let taken = 0;
  let available = 0;
  let state: ChunkedState = "more";
  while (state === "more") {
    state = decoder.decode(input.subarray(taken, available), output);
    taken += decoder.consumed;
    data += decodeLatin1(output.subarray(0, decoder.produced));
    if (state === "more" && decoder.produced === 0) {
      if (available === input.length) break;
      available = Math.min(available + stepBytes, input.length);
    }
  }
  return { state, data, rest: text.slice(taken), trailers: decoder.trailers };
}

const GOOD: [text: string, data: string, rest?: string, trailers?: [string, string][]][] = [
  ["0\r\n\r\n", ""],
  ["5\r\nhello\r\n0\r\n\r\n", "hello"],
  ["5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n", "hello world"],
  ["a\r\n0123456789\r\n000\r\n\r\n", "0123456789"],
  ["A;x=y\r\n0123456789\r\n0;z\r\n\r\n", "0123456789"],
  ['5 ; x="a b"\r\nhello\r\n0\r\n\r\n', "hello"],
  ["0000000000005\r\nhello\r\n0\r\n\r\n", "hello"],
  ["2\r\n\r\n\r\n0\r\n\r\n", "\r\n"],
  ["0\r\n\r\nHTTP/1.1 200 OK", "", "HTTP/1.1 200 OK"],
  ["1\r\na\r\n0\r\nX: 1\r\nY: 2\r\n\r\nrest", "a", "rest", [["X", "1"], ["Y", "2"]]],
];

const BAD: [text: string, state: "malformed" | "too_large"][] = [
  ["\r\n", "malformed"],
  ["g\r\n", "malformed"],
  ["0x5\r\nhello\r\n", "malformed"],
  ["-5\r\n", "malformed"],
  ["+5\r\n", "malformed"],
  [" 5\r\n", "malformed"],
  ["5 \r\nhello\r\n", "malformed"],
  ["5\nhello\r\n", "malformed"],
  ["5\rhello\r\n", "malformed"],
  ["5,x\r\nhello", "malformed"],
  ["00000000000005\r\nhello\r\n", "malformed"],
  ["FFFFFFFFFFFFFFFF\r\n", "malformed"],
  ["5;a\0b\r\n", "malformed"],
  ["5;a\rb\r\n", "malformed"],
  ["5\r\nhelloworld", "malformed"],
  ["5\r\nhello\n", "malformed"],
  ["5\r\nhello\rX", "malformed"],
  ["0\r\n\n", "malformed"],
  ["0\r\nX\r\n\r\n", "malformed"],
  ["0\r\nX: a\n\r\n", "malformed"],
  ["0\r\n X: a\r\n\r\n", "malformed"],
  [`5;${"a".repeat(CHUNK_LINE_MAX_BYTES)}`, "too_large"],
  [`${"0".repeat(CHUNK_LINE_MAX_BYTES + 1)}`, "too_large"],
  [`0\r\nX: ${"a".repeat(TRAILER_MAX_BYTES)}`, "too_large"],
  [`0\r\n${"A: b\r\n".repeat(300)}\r\n`, "too_large"],
];

for (const [stepBytes, roomBytes] of [[1, 1], [2, 7], [5, 3], [100_000, 1], [100_000, 100_000]]) {
  const how = `in steps of ${stepBytes} with room for ${roomBytes}`;
  Deno.test(`ChunkedDecoder: good bodies ${how}`, () => {
    for (const [text, data, rest = "", trailers = []] of GOOD) {
      const body = text.slice(0, text.length - rest.length);
      const expected = { state: "end", data, rest: "", trailers };
      assert.deepEqual(decodeInSteps(body, stepBytes, roomBytes), expected, JSON.stringify(text));
    }
  });

  Deno.test(`ChunkedDecoder: bad bodies ${how}`, () => {
    for (const [text, state] of BAD) {
      const outcome = decodeInSteps(text, stepBytes, roomBytes);
      assert.equal(outcome.state, state, JSON.stringify(text.slice(0, 40)));
    }
  });
}

Deno.test("ChunkedDecoder: leaves what follows the end, to the byte", () => {
  for (const [text, , rest = ""] of GOOD) {
    assert.equal(decodeInSteps(text, 100_000, 100_000).rest, rest);
  }
});

Deno.test("ChunkedDecoder: every strict prefix of a good body is `more`", () => {
  for (const [text, , rest = ""] of GOOD) {
    const body = text.slice(0, text.length - rest.length);
    for (let end = 0; end < body.length; end++) {
      assert.equal(decodeInSteps(body.slice(0, end), 3, 4).state, "more");
    }
  }
});

Deno.test("ChunkedDecoder: a final state takes nothing more", () => {
  const decoder = new ChunkedDecoder();
  const output = new Uint8Array(10);
  assert.equal(decoder.decode(latin1("0\r\n\r\n"), output), "end");
  assert.equal(decoder.decode(latin1("5\r\nhello\r\n"), output), "end");
  assert.deepEqual([decoder.consumed, decoder.produced], [0, 0]);
});

const SEED = 20_260_101;
Deno.test(`ChunkedDecoder: one changed byte never makes it throw or give more data (seed ${SEED})`, () => {
  const random = new Random(SEED);
  for (let round = 0; round < 5_000; round++) {
    const [text] = random.pick(GOOD);
    const bytes = latin1(text);
    bytes[random.below(bytes.length)] = random.below(256);
    const outcome = decodeInSteps(decodeLatin1(bytes), 1 + random.below(9), 4);
    assert.ok(outcome.data.length <= text.length);
  }
});

Deno.test("ChunkedDecoder: data that is read past it counts, and only data", () => {
  const decoder = new ChunkedDecoder();
  const output = new Uint8Array(10);
  const feed = (text: string) => decoder.decode(latin1(text), output);
  assert.equal(decoder.dataLeft, 0);
  assert.equal(feed("a"), "more");
  assert.equal(decoder.dataLeft, 0, "the size may not be whole");
  assert.equal(feed("\r\nhe"), "more");
  assert.equal(decoder.dataLeft, 8);
  decoder.skipData(5);
  assert.equal(feed("y"), "more");
  assert.equal(decoder.dataLeft, 2);
  assert.throws(() => decoder.skipData(3), RangeError);
  decoder.skipData(2);
  assert.equal(decoder.dataLeft, 0);
  assert.throws(() => decoder.skipData(1), RangeError);
  assert.equal(feed("\r\n0\r\n\r\n"), "end");
  assert.equal(decoder.dataLeft, 0);
});
