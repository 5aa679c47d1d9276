import assert from "node:assert/strict";
import { Failure } from "../../../lib/base/failures.ts";
import type { Answer } from "../../../lib/http/message.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { Random } from "../../support/random.ts";
import { latin1 } from "../../support/scripted_connection.ts";
import { startExchange } from "../../support/started_exchange.ts";
import { makeBody, makeRequest, readText } from "../../support/upstream_requests.ts";

/**
 * What a grammatical stream of bytes means, read a second time and in another way: from regular
 * expressions over the whole text. Whoever differs from it has a bug, or it has.
 */
interface Meaning {
  readonly status: number;
  readonly body: string;
  /** Whether the message says where it ends, and the connection may go on. */
  readonly isPersistent: boolean;
  /** What stands behind the message. */
  readonly rest: string;
}

const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const VALUE = "[\\t\\x20-\\x7e\\x80-\\xff]*";
const HEAD = new RegExp(
  `^HTTP/1\\.([01]) ([1-5]\\d\\d)(?: ${VALUE})?\\r\\n((?:${TOKEN}:${VALUE}\\r\\n)*)\\r\\n`,
);
const CHUNK = /^([0-9A-Fa-f]{1,13})(?:[ \t]*;[\t\x20-\x7e\x80-\xff]*)?\r\n/;
const TRAILERS = new RegExp(`^(?:${TOKEN}:${VALUE}\\r\\n)*\\r\\n`);

/** @returns undefined if the bytes are not one whole final answer and what follows it. */
function meaningOf(method: string, input: string): Meaning | undefined {
  const match = HEAD.exec(input);
  if (match === null) return undefined;
  const rest = input.slice(match[0].length);
  const [version, status] = [Number(match[1]), Number(match[2])];
  if (status < 200) return status === 101 ? undefined : meaningOf(method, rest);
  const fields = match[3].split("\r\n").slice(0, -1).map((line) => {
    const colon = line.indexOf(":");
    const value = line.slice(colon + 1).replace(/^[ \t]+|[ \t]+$/g, "");
    return [line.slice(0, colon).toLowerCase(), value.toLowerCase()];
  });
  const valuesOf = (wanted: string) =>
    fields.filter(([name]) => name === wanted).map(([, value]) => value).join(",");
  const [lengths, codings] = [valuesOf("content-length"), valuesOf("transfer-encoding")];
  const has = (wanted: string) => fields.some(([name]) => name === wanted);
  const isClosed = valuesOf("connection").split(",").some((option) => option.trim() === "close");
  const isPersistent = version === 1 && !isClosed;
  if (has("transfer-encoding")) {
    if (has("content-length") || codings !== "chunked" || version === 0) return undefined;
  } else if (has("content-length")) {
    const items = lengths.split(",").map((item) => item.replace(/^[ \t]+|[ \t]+$/g, ""));
    if (!items.every((item) => /^\d{1,15}$/.test(item) && item === items[0])) return undefined;
  }
  if (method === "HEAD" || status === 204 || status === 304) {
    const isOdd = status === 204 && (has("content-length") || has("transfer-encoding"));
    return { status, body: "", isPersistent: isPersistent && !isOdd, rest };
  }
  if (has("transfer-encoding")) return chunked(rest, { status, isPersistent });
  if (!has("content-length")) return { status, body: rest, isPersistent: false, rest: "" };
  const length = Number(lengths.split(",")[0].trim());
  if (rest.length < length) return undefined;
  return { status, body: rest.slice(0, length), isPersistent, rest: rest.slice(length) };
}

function chunked(
  input: string,
  head: Pick<Meaning, "status" | "isPersistent">,
): Meaning | undefined {
  let rest = input;
  for (let body = "";;) {
    const size = CHUNK.exec(rest);
    if (size === null) return undefined;
    rest = rest.slice(size[0].length);
    const length = parseInt(size[1], 16);
    if (length === 0) {
      const trailers = TRAILERS.exec(rest);
      if (trailers === null) return undefined;
      return { ...head, body, rest: rest.slice(trailers[0].length) };
    }
    if (rest.slice(length, length + 2) !== "\r\n") return undefined;
    body += rest.slice(0, length);
    rest = rest.slice(length + 2);
  }
}

const CHUNKED = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

/** Pieces that answers are made of, good ones and bad ones. */
const STARTS = [
  "HTTP/1.1 200 OK\r\n",
  "HTTP/1.1 204 No Content\r\n",
  "HTTP/1.1 304 Not Modified\r\n",
  "HTTP/1.1 500 \r\n",
  "HTTP/1.1 200\r\n",
  "HTTP/1.0 200 OK\r\n",
  "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n",
  "HTTP/1.1 103 x\r\nContent-Length: 3\r\n\r\nHTTP/1.1 404 Not Found\r\n",
  "HTTP/1.1 101 x\r\nUpgrade: websocket\r\n",
  "HTTP/2 200 OK\r\n",
  "http/1.1 200 OK\r\n",
  " HTTP/1.1 200 OK\r\n",
];
const LINES = [
  "Content-Length: 5\r\n",
  "content-length:5\r\n",
  "Content-Length: 5, 5\r\n",
  "Content-Length: 6\r\n",
  "Content-Length: 5;6\r\n",
  "Content-Length: 0\r\n",
  "Content-Length: \t5 \r\n",
  "Content-Length: 5\xa0\r\n",
  "Content-Length : 5\r\n",
  "Content_Length: 5\r\n",
  "Content-Length: 1e1\r\n",
  "Content-Length:\r\n",
  "Transfer-Encoding: chunked\r\n",
  "Transfer-Encoding: CHUNKED\r\n",
  "Transfer-Encoding: chunked, chunked\r\n",
  "Transfer-Encoding: identity\r\n",
  "Transfer-Encoding:\r\n",
  "Transfer-Encoding: \x0bchunked\r\n",
  "Transfer-Encoding:\r\n chunked\r\n",
  "Connection: close\r\n",
  "Connection: keep-alive\r\n",
  "X: \xe9\r\n",
  "X: a\rb\r\n",
  "X: a\0b\r\n",
  "X\r\n",
  ": x\r\n",
  "A: b\n",
];
const ENDS = ["\r\n", "\r\n", "\r\n", "\r\n", "\n", "\r\r\n", ""];
const BODIES = [
  "hello",
  "helloHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged",
  "",
  "hell",
  "5\r\nhello\r\n0\r\n\r\n",
  "5;a=b\r\nhello\r\n0\r\nX: y\r\n\r\n",
  "5 \r\nhello\r\n00\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
  "5\r\nhelloX\r\n0\r\n\r\n",
  "5\r\nhello\r\n0\r\n",
  "5\r\nhello\n0\r\n\r\n",
  "-5\r\nhello\r\n0\r\n\r\n",
  "0x5\r\nhello\r\n0\r\n\r\n",
  "5\nhello\r\n0\r\n\r\n",
  "0\r\nContent-Length: 9\r\n\r\n",
  "0\r\n\r\n0\r\n\r\n",
];

/** What is mostly right, so that it is something when it is changed. */
const GOOD = [
  "Content-Length: 5\r\n\r\nhello",
  "Content-Length: 5, 5\r\nX: \xe9\r\n\r\nhello",
  "Content-Length: 0\r\n\r\n",
  "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
  "Transfer-Encoding: chunked\r\n\r\n2;a=b\r\nhe\r\n3\r\nllo\r\n0\r\nX: y\r\n\r\n",
];

function makeInput(random: Random): string {
  let input = random.pick(STARTS);
  if (random.below(2) === 0) {
    for (let lines = random.below(4); lines > 0; lines--) input += random.pick(LINES);
    input += random.pick(ENDS) + random.pick(BODIES);
  } else {
    input += random.pick(GOOD);
  }
  if (random.below(8) === 0) input += random.pick(STARTS);
  if (random.below(3) > 0 || input === "") return input;
  // A byte that is another one, or none, or one too many.
  const at = random.below(input.length);
  const byte = String.fromCharCode(random.below(256));
  return input.slice(0, at) + random.pick(["", byte]) + input.slice(at + random.below(2));
}

interface Outcome {
  readonly answer?: Answer;
  readonly body?: string;
  readonly failure?: Failure;
  readonly isReused: boolean;
  readonly isClosed: boolean;
  readonly written: string;
}

async function play(input: string, options: { method: string; stepBytes: number; body: boolean }) {
  const { method, stepBytes } = options;
  const script = { input: latin1(input), stepBytes, then: "end" } as const;
  const request = makeRequest({
    method,
    target: "/only?one=1",
    body: options.body ? makeBody(["GET /smuggled HTTP/1.1\r\n\r\n"]) : undefined,
  });
  const clock = new FakeClock();
  const { raw, state, response } = startExchange(script, request, { clock });
  const outcome: Partial<Outcome> = await response.then(
    async (answer) => {
      try {
        return { answer, body: await readText(answer) };
      } catch (failure) {
        return { answer, failure: failure as Failure };
      }
    },
    (failure) => ({ failure }),
  );
  const { isClosed, written } = raw;
  return { ...outcome, isReused: state.isReused, isClosed, written };
}

/** What no outcome may break. */
function check(outcome: Outcome, meaning: Meaning | undefined, isWhole: boolean): void {
  const { answer, body, failure, isReused, isClosed, written } = outcome;
  if (failure !== undefined) assert.ok(failure instanceof Failure, String(failure));
  assert.equal(isClosed, !isReused, "a connection is closed or used again");
  if (body !== undefined) {
    assert.ok(meaning, "an answer was made of what is none");
    assert.deepEqual([answer?.status, body], [meaning.status, meaning.body]);
  } else {
    assert.ok(failure);
    // It may be stricter than the grammar asks for in nothing that is generated here.
    assert.equal(meaning, undefined, `refused, though it is an answer: ${failure.message}`);
  }
  if (isReused) assert.ok(meaning?.isPersistent);
  // What came in one piece with the answer is seen; what comes later is for the pool to notice.
  if (isReused && isWhole) assert.equal(meaning?.rest, "", "used again with bytes left over");
  assert.equal(written.match(/HTTP\/1\.1\r\n/g)?.length, written.includes("smuggled") ? 2 : 1);
}

const SEED = 9_112;
for (const stepBytes of [1, 3, Infinity]) {
  Deno.test(`UpstreamExchange: answers mean what the grammar says, and nothing is left over (seed ${SEED}, steps of ${stepBytes})`, async () => {
    const random = new Random(SEED + (stepBytes === Infinity ? 0 : stepBytes));
    const seen = { answers: 0, failures: 0, reused: 0 };
    for (let round = 0; round < 4_000; round++) {
      const input = makeInput(random);
      const method = random.pick(["GET", "GET", "HEAD", "POST"]);
      const outcome = await play(input, { method, stepBytes, body: method === "POST" });
      try {
        check(outcome, meaningOf(method, input), stepBytes === Infinity);
      } catch (error) {
        throw new Error(`round ${round}: ${method} ${JSON.stringify(input)}`, { cause: error });
      }
      if (outcome.failure === undefined) seen.answers++;
      else seen.failures++;
      if (outcome.isReused) seen.reused++;
    }
    // Or else the generator has stopped to make what the test is about.
    assert.ok(Math.min(seen.answers, seen.failures, seen.reused) > 200, JSON.stringify(seen));
  });
}

Deno.test(`UpstreamExchange: random bytes never become an answer (seed ${SEED})`, async () => {
  const random = new Random(SEED);
  for (let round = 0; round < 2_000; round++) {
    const input = String.fromCharCode(...random.bytes(1 + random.below(200)));
    const outcome = await play(input, { method: "GET", stepBytes: Infinity, body: false });
    assert.ok(outcome.failure instanceof Failure);
    assert.equal(outcome.isClosed, true);
  }
});

Deno.test(`UpstreamExchange: every strict prefix of an answer is a failure, or cut where the connection ends it (seed ${SEED})`, async () => {
  const whole = `${CHUNKED}5\r\nhello\r\n0\r\nX: y\r\n\r\n`;
  for (let length = 0; length < whole.length; length++) {
    const input = whole.slice(0, length);
    const outcome = await play(input, { method: "GET", stepBytes: Infinity, body: false });
    assert.equal((outcome.failure as Failure).kind, "upstream_closed", JSON.stringify(input));
  }
});
