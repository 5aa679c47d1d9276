import assert from "node:assert/strict";
import { Failure } from "../../../lib/base/failures.ts";
import { RequestHeadEncoder } from "../../../lib/http/http1/request_head.ts";
import { isTrailerAllowed } from "../../../lib/http/http1/trailer_fields.ts";
import type { HeaderLine, UpstreamRequest } from "../../../lib/http/message.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { Random } from "../../support/random.ts";
import { startExchange } from "../../support/started_exchange.ts";
import { makeBody, makeRequest, readText } from "../../support/upstream_requests.ts";

/** A request as a server with another parser than ours reads it. */
interface Received {
  readonly method: string;
  readonly target: string;
  readonly headers: readonly (readonly string[])[];
  readonly body: string;
  readonly trailers: readonly (readonly string[])[];
  /** Behind the request: another one, for a server. */
  readonly rest: string;
}

function receive(text: string): Received {
  const end = text.indexOf("\r\n\r\n");
  assert.ok(end > 0, "no head");
  const [start, ...lines] = text.slice(0, end).split("\r\n");
  const [method, target, version, ...more] = start.split(" ");
  assert.deepEqual([version, more], ["HTTP/1.1", []]);
  const headers = lines.map(splitLine);
  const framing = headers.filter(([name]) => /^(content-length|transfer-encoding)$/i.test(name));
  assert.ok(framing.length <= 1, "framed twice");
  const after = text.slice(end + 4);
  const head = { method, target, headers };
  if (framing.length === 0) return { ...head, body: "", trailers: [], rest: after };
  const [[name, value]] = framing;
  if (name === "Content-Length") {
    assert.match(value, /^\d+$/);
    const length = Number(value);
    return { ...head, body: after.slice(0, length), trailers: [], rest: after.slice(length) };
  }
  assert.equal(value, "chunked");
  return { ...head, ...receiveChunks(after) };
}

function receiveChunks(text: string): Pick<Received, "body" | "trailers" | "rest"> {
  let rest = text;
  for (let body = "";;) {
    const line = rest.slice(0, rest.indexOf("\r\n"));
    assert.match(line, /^[0-9a-f]+$/);
    const size = parseInt(line, 16);
    rest = rest.slice(line.length + 2);
    if (size === 0) {
      const end = rest.startsWith("\r\n") ? 0 : rest.indexOf("\r\n\r\n") + 2;
      const trailers = rest.slice(0, end).split("\r\n").slice(0, -1).map(splitLine);
      return { body, trailers, rest: rest.slice(end + 2) };
    }
    body += rest.slice(0, size);
    assert.equal(rest.slice(size, size + 2), "\r\n");
    rest = rest.slice(size + 2);
  }
}

function splitLine(line: string): readonly string[] {
  const match = /^([^:\s]+): (.*)$/s.exec(line) ?? assert.fail(`no field: ${JSON.stringify(line)}`);
  assert.doesNotMatch(line, /[\r\n\0]/);
  return [match[1], match[2]];
}

const SMUGGLED = "GET /smuggled HTTP/1.1\r\nHost: b\r\n\r\n";

const NAMES = [
  "X",
  "content-length",
  "Content-Length",
  "Transfer-Encoding",
  "transfer-encoding",
  "Expect",
  "Upgrade",
  "Connection",
  "Content_Length",
  "X-Forwarded-For",
  "Host",
  "X: y\r\nZ",
  "Transfer-Encoding: chunked\r\nX",
  "X ",
  "",
  "Cookie",
];
const VALUES = [
  "a",
  "",
  "\xe9",
  "chunked",
  "0",
  "5",
  "close",
  "100-continue",
  "a\r\nTransfer-Encoding: chunked",
  "a\nb",
  "a\rb",
  "a\0b",
  `a\r\n\r\n${SMUGGLED}`,
  "\u010d\u010aX: y",
  "\u0100",
  " a ",
];
const TARGETS = ["/", "/a?b=c", "*", "/ HTTP/1.1\r\nX: y", "", "/\xe9", "/a b", "http://c.d/e"];
const METHODS = ["GET", "POST", "PUT", "get", "M-SEARCH", "CONNECT", "GET /", ""];
const PIECES = ["a", "0\r\n\r\n", SMUGGLED, "\r\n", "x".repeat(300), "5\r\nhello\r\n"];

function makeHostile(random: Random): { request: UpstreamRequest; body: string | undefined } {
  const headers: HeaderLine[] = [];
  for (let lines = random.below(4); lines > 0; lines--) {
    const isFine = random.below(2) === 0;
    headers.push([isFine ? "X-Fine" : random.pick(NAMES), isFine ? "a" : random.pick(VALUES)]);
  }
  headers.splice(random.below(headers.length + 1), 0, ["Host", "app.test"]);
  const isFine = random.below(3) > 0;
  const parts = {
    method: isFine ? random.pick(["GET", "PUT"]) : random.pick(METHODS),
    target: isFine ? "/" : random.pick(TARGETS),
    headers,
  };
  const kind = random.below(6);
  if (kind < 2) return { request: makeRequest(parts), body: undefined };
  if (kind === 2) {
    const upgrade = random.pick(["websocket", "websocket, h2c", "x\r\nHost: b", ""]);
    return { request: makeRequest({ ...parts, upgrade }), body: undefined };
  }
  const pieces = Array.from({ length: random.below(4) }, () => random.pick(PIECES));
  const text = pieces.join("");
  const length = random.below(2) === 0 ? undefined : text.length;
  const trailers = Array.from(
    { length: random.below(3) },
    () => [random.pick(NAMES), random.pick(VALUES)] as const,
  );
  const expectsContinue = random.below(4) === 0;
  const body = makeBody(pieces, { length, trailers });
  return { request: makeRequest({ ...parts, body, expectsContinue }), body: text };
}

const OWN = /^(content[-_]length|transfer[-_]encoding|expect|upgrade)$/i;

const SEED = 9_113;
Deno.test(`UpstreamExchange: whatever is sent is one request, the one that was given (seed ${SEED})`, async () => {
  const random = new Random(SEED);
  const seen = { sent: 0, refused: 0 };
  for (let round = 0; round < 6_000; round++) {
    const { request, body } = makeHostile(random);
    if (new RequestHeadEncoder().encode(request).kind === "malformed") {
      seen.refused++;
      continue;
    }
    seen.sent++;
    const written = await send(request);
    const received = receive(written);
    assert.equal(received.rest, "", `round ${round}: ${JSON.stringify(written)}`);
    assert.deepEqual([received.method, received.target], [request.method, request.target]);
    assert.equal(received.body, body ?? "");
    const isUpgrade = request.upgrade !== undefined;
    const isGiven = ([name]: readonly string[]) =>
      !OWN.test(name) && !(isUpgrade && /^connection$/i.test(name));
    assert.deepEqual(received.headers.filter(isGiven), request.headers.filter(isGiven));
    for (const [name, value] of received.trailers) {
      assert.ok(isTrailerAllowed(name, value, request.headers), name);
    }
  }
  assert.ok(Math.min(seen.sent, seen.refused) > 1_000, JSON.stringify(seen));
});

/** @returns What a server has got that answers 100 and then nothing. */
async function send(request: UpstreamRequest): Promise<string> {
  const clock = new FakeClock();
  const input = "HTTP/1.1 100 Continue\r\n\r\n";
  const script = { input, inputAfterWrites: 1, then: "silence" } as const;
  const { raw, response } = startExchange(script, request, { clock });
  const failed = response.catch((error) => error);
  await settle();
  raw.close();
  const failure = await failed;
  assert.ok(failure instanceof Failure);
  return raw.written;
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 200; turn++) await Promise.resolve();
}

Deno.test(`UpstreamExchange: requests and answers in turn over one connection stay in step (seed ${SEED})`, async () => {
  const random = new Random(SEED);
  for (let round = 0; round < 1_000; round++) {
    const { request } = makeHostile(random);
    if (
      new RequestHeadEncoder().encode(request).kind === "malformed" || request.upgrade !== undefined
    ) continue;
    const text = random.pick(["hello", SMUGGLED, "HTTP/1.1 200 OK\r\n\r\n", "0\r\n\r\n"]);
    const framed = random.below(2) === 0
      ? `Content-Length: ${text.length}\r\n\r\n${text}`
      : `Transfer-Encoding: chunked\r\n\r\n${text.length.toString(16)}\r\n${text}\r\n0\r\n\r\n`;
    const input = `HTTP/1.1 200 OK\r\n${framed}`;
    const stepBytes = 1 + random.below(40);
    const script = { input, stepBytes, inputAfterWrites: 1, then: "silence" } as const;
    const { raw, state, response } = startExchange(script, request);
    assert.equal(await readText(await response), text);
    assert.equal(raw.isClosed, !state.isReused);
    // A connection whose request was not sent whole would take the next request for its rest.
    if (state.isReused) assert.equal(receive(raw.written).rest, "");
  }
});
