import assert from "node:assert/strict";
import {
  canBeAnswered,
  discardBody,
  plainAnswer,
  toHeadResponse,
  toResponse,
} from "../../lib/http/answer.ts";
import type { HeaderLine } from "../../lib/http/message.ts";
import { makeAnswer, makeBody } from "../support/exchanges.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

Deno.test("canBeAnswered: what the runtime can send", () => {
  for (const status of [200, 204, 304, 404, 599]) assert.ok(canBeAnswered(status), `${status}`);
  for (const status of [0, 100, 101, 103, 199, 600, 999]) {
    assert.ok(!canBeAnswered(status), `${status}`);
  }
});

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
  // A stream is announced with what the upstream said.
  ["GET", 200, true, "5"],
  // RFC 9110 §9.3.2: HEAD tells what GET would have.
  ["HEAD", 200, false, "5"],
  ["HEAD", 304, false, "5"],
  // A length beside no body breaks HTTP/2 streams.
  ["GET", 304, false, null],
  ["GET", 204, false, null],
];
for (const [method, status, isStream, kept] of LENGTHS) {
  Deno.test(`toResponse: content-length of ${method} ${status}, stream ${isStream}: ${kept}`, async () => {
    const headers: HeaderLine[] = [["Content-Length", "5"], ["content-length", "5"]];
    const body = isStream ? makeBody("hello").stream : undefined;
    const response = toResponse(method, makeAnswer(status, headers, body));
    assert.equal(response.headers.get("content-length"), kept);
    await response.body?.cancel();
  });
}

for (const [method, status] of [["HEAD", 200], ["GET", 204], ["GET", 205], ["GET", 304]] as const) {
  Deno.test(`toResponse: ${method} ${status} has no body, and lets the upstream's go`, () => {
    const body = makeBody("unexpected");
    const response = toResponse(method, makeAnswer(status, [], body.stream));
    assert.equal(response.body, null);
    assert.ok(body.isCancelled);
  });
}

Deno.test("toResponse: streams a body without reading ahead", async () => {
  const body = makeBody("one", "two");
  const response = toResponse("GET", makeAnswer(200, [], body.stream));
  assert.equal(body.reads, 0);
  assert.equal(await response.text(), "onetwo");
});

Deno.test("discardBody: a stream that has failed already does no harm", async () => {
  const failed = new ReadableStream({ start: (controller) => controller.error(new Error("gone")) });
  discardBody({ body: failed });
  discardBody({ body: undefined });
  discardBody({ body: bytes("x") });
  // An unhandled rejection would end the test run here.
  await new Promise((resolve) => setTimeout(resolve, 0));
});

Deno.test("plainAnswer: short text that is not kept by caches, fields of its own on top", async () => {
  const response = plainAnswer(421, "No", { connection: "close" });
  assert.equal(response.status, 421);
  assert.equal(await response.text(), "No\n");
  assert.deepEqual([...response.headers], [
    ["cache-control", "no-store"],
    ["connection", "close"],
    ["content-type", "text/plain; charset=utf-8"],
  ]);
});

Deno.test("toHeadResponse: no bytes, the same status and fields", async () => {
  const full = plainAnswer(404, "Not here", { "x-a": "1" });
  for (const httpVersion of ["1.1", "2"] as const) {
    const head = toHeadResponse(full.clone(), httpVersion);
    assert.equal(head.status, 404);
    assert.deepEqual([...head.headers], [...full.headers]);
    assert.equal(await head.text(), "");
  }
  await full.body?.cancel();
});

Deno.test("toHeadResponse: RFC 9110 §8.6, HTTP/1.1 announces no length that is not known", () => {
  // The runtime says "content-length: 0" of a null body, and nothing of a stream under HEAD.
  const isNull = (response: Response, httpVersion: "1.1" | "2") =>
    toHeadResponse(response, httpVersion).body === null;
  const long = { headers: { "content-length": "5" } };
  assert.equal(isNull(new Response(null), "1.1"), false);
  assert.equal(isNull(new Response(null), "2"), true);
  assert.equal(isNull(new Response(null, long), "1.1"), true);
  assert.equal(isNull(new Response(null, { status: 304 }), "1.1"), true);
});
