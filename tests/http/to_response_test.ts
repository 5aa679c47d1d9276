import assert from "node:assert/strict";
import { AnswerStream } from "../../lib/http/answer_stream.ts";
import type { Answer, Body, HeaderLine } from "../../lib/http/message.ts";
import { toResponse as respond } from "../../lib/http/to_response.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { makeAnswer, makeBody } from "../support/exchanges.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

const toStream = (body: Body) =>
  new AnswerStream(body, { clock: new FakeClock(), onStalled: () => {} }).readable;
const toResponse = (method: string, answer: Answer) => respond(method, answer, toStream);

Deno.test("toResponse: keeps status, lines, duplicates in order, and the bytes", async () => {
  const headers: HeaderLine[] = [
    ["X-Multi-Value", "one"],
    ["Set-Cookie", "a=1"],
    ["X-Multi-Value", "two"],
    ["Set-Cookie", "b=2"],
    ["X-Latin1", "\xe9"],
  ];
  const response = toResponse("GET", makeAnswer(404, headers, bytes("no")));
  assert.equal(response.status, 404);
  assert.equal(response.headers.get("x-multi-value"), "one, two");
  assert.deepEqual(response.headers.getSetCookie(), ["a=1", "b=2"]);
  assert.equal(response.headers.get("x-latin1"), "\xe9");
  assert.equal(response.headers.get("content-type"), null, "no type is invented");
  assert.equal(await response.text(), "no");
});

Deno.test("toResponse: RFC 9110 §7.6.1, fields of the upstream's connection do not pass", () => {
  const headers: HeaderLine[] = [
    ["Connection", "X-Back, close"],
    ["X-Back", "1"],
    ["Keep-Alive", "timeout=5"],
    ["Transfer-Encoding", "chunked"],
    ["Upgrade", "h2c"],
    ["Trailer", "X-T"],
    ["Via", "1.1 inner"],
  ];
  const response = toResponse("GET", makeAnswer(200, headers, bytes("x")));
  assert.deepEqual([...response.headers], [["via", "1.1 inner"]]);
});

const LENGTHS: readonly [method: string, status: number, body: boolean, kept: string | null][] = [
  // The runtime counts by itself.
  ["GET", 200, false, null],
  // A body is announced with what the upstream said.
  ["GET", 200, true, "5"],
  // RFC 9110 §9.3.2: HEAD tells what GET would have.
  ["HEAD", 200, false, "5"],
  ["HEAD", 304, false, "5"],
  // A length beside no body breaks HTTP/2 streams.
  ["GET", 304, false, null],
  ["GET", 204, false, null],
];
for (const [method, status, hasBody, kept] of LENGTHS) {
  Deno.test(`toResponse: content-length of ${method} ${status}, body ${hasBody}: ${kept}`, async () => {
    const headers: HeaderLine[] = [["Content-Length", "5"], ["content-length", "5"]];
    const body = hasBody ? makeBody("hello") : undefined;
    const response = toResponse(method, makeAnswer(status, headers, body));
    assert.equal(response.headers.get("content-length"), kept);
    await response.body?.cancel();
  });
}

Deno.test("toResponse: RFC 9110 §8.6, HEAD of an answer of our own tells its length", () => {
  const response = toResponse("HEAD", makeAnswer(404, [], bytes("nothing\n")));
  assert.equal(response.headers.get("content-length"), "8");
  assert.equal(response.body, null);
});

for (const [method, status] of [["HEAD", 200], ["GET", 204], ["GET", 205], ["GET", 304]] as const) {
  Deno.test(`toResponse: ${method} ${status} has no body, and lets the upstream's go`, () => {
    const body = makeBody("unexpected");
    const response = toResponse(method, makeAnswer(status, [], body));
    assert.equal(response.body, null);
    assert.ok(body.isCancelled);
  });
}

Deno.test("toResponse: streams a body without reading ahead", async () => {
  const body = makeBody("one", "two");
  const response = toResponse("GET", makeAnswer(200, [], body));
  assert.equal(body.reads, 0);
  assert.equal(await response.text(), "onetwo");
});
