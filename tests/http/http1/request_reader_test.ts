import assert from "node:assert/strict";
import { HEAD_MAX_BYTES, TARGET_MAX_BYTES } from "../../../lib/base/limits.ts";
import { ClientInput } from "../../../lib/http/http1/client_input.ts";
import { decodeLatin1, encodeLatin1 } from "../../../lib/http/http1/latin1.ts";
import { type ParsedRequest, parseRequest } from "../../../lib/http/http1/parse_request.ts";
import { RequestHeadEncoder } from "../../../lib/http/http1/request_head.ts";
import { RequestReader } from "../../../lib/http/http1/request_reader.ts";
import type { Body } from "../../../lib/http/message.ts";
import { MemoryConnection } from "../../support/memory_connection.ts";
import { Random } from "../../support/random.ts";

const SEED = 20_261_121;

const GOOD: readonly string[] = [
  "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
  "POST /a?b=c HTTP/1.1\r\nHost: app.example.org:8443\r\nContent-Length: 11\r\nX: \t y \xe9\r\n\r\n",
  "PUT http://b.example/c HTTP/1.1\r\nhost: b.example\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n",
  "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nCookie: a=b\r\n\r\n",
  "HEAD * HTTP/1.0\r\nHost: [::1]\r\nConnection: close\r\n\r\n".replace("HEAD", "OPTIONS"),
];

/** @param onPart Called when a part of a head has come. @returns undefined at the end. */
async function readRequest(
  input: ClientInput,
  onPart: () => void,
): Promise<ReturnType<RequestReader["take"]>> {
  const reader = new RequestReader(input);
  let request = reader.take();
  while (request === undefined) {
    if (reader.hasPart) onPart();
    if (await input.fill() === null) return undefined;
    request = reader.take();
  }
  assert.equal(reader.hasPart, false);
  return request;
}

/** Feeds bytes in pieces and reads one request. */
async function read(
  pieces: readonly (string | Uint8Array)[],
  onPart = () => {},
): Promise<{ request: Awaited<ReturnType<typeof readRequest>>; rest: string }> {
  const connection = new MemoryConnection();
  const input = new ClientInput(connection, () => {});
  for (const piece of pieces) connection.send(piece);
  connection.end();
  const request = await readRequest(input, onPart);
  while (await input.fill() !== null);
  return { request, rest: decodeLatin1(input.buffered) };
}

function statusOf(request: Awaited<ReturnType<typeof readRequest>>): number | string {
  return request === undefined ? "end" : request.kind === "refused" ? request.status : "request";
}

Deno.test("RequestReader: what follows the head is left alone", async () => {
  const { request, rest } = await read([`${GOOD[1]}hello world`]);
  assert.deepEqual(request, parseRequest(GOOD[1]));
  assert.equal(rest, "hello world");
});

Deno.test("RequestReader: byte by byte, with a word about each part", async () => {
  let parts = 0;
  const { request } = await read([...GOOD[0]], () => parts++);
  assert.equal(statusOf(request), "request");
  assert.equal(parts, GOOD[0].length - 1);
});

const STARTS: readonly [name: string, text: string, result: number | string][] = [
  ["RFC 9112 §2.2: one empty line is skipped", `\r\n${GOOD[0]}`, "request"],
  ["RFC 9112 §2.2: two are not", `\r\n\r\n${GOOD[0]}`, 400],
  ["a bare LF before it", `\n${GOOD[0]}`, 400],
  ["a bare CR before it", `\r${GOOD[0]}`, 400],
  ["RFC 9112 §2.2: a bare LF", "GET / HTTP/1.1\nHost: a\r\n\r\n", 400],
  ["RFC 9112 §2.2: a bare LF at the end", "GET / HTTP/1.1\r\nHost: a\r\n\n", 400],
  ["TLS on a plain port", "\x16\x03\x01\x02\x00", 400],
  ["nothing", "", "end"],
  ["half a head", GOOD[0].slice(0, -1), "end"],
  ["an empty line only", "\r\n", "end"],
  ["RFC 9113 §3.4: the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505],
];
for (const [name, text, result] of STARTS) {
  Deno.test(`RequestReader: ${name}: ${result}`, async () => {
    assert.equal(statusOf((await read([text])).request), result);
    assert.equal(statusOf((await read([...text])).request), result, "byte by byte");
  });
}

Deno.test("RequestReader: a head one below, at and one above the limit", async () => {
  for (const [more, result] of [[-1, "request"], [0, "request"], [1, 431]] as const) {
    const start = "GET / HTTP/1.1\r\nHost: a\r\nX: ";
    const filler = "x".repeat(HEAD_MAX_BYTES + more - start.length - 4);
    assert.equal(statusOf((await read([`${start}${filler}\r\n\r\n`])).request), result);
  }
});

Deno.test("RequestReader: what never ends is refused without waiting for its end", async () => {
  const line = `GET /${"a".repeat(2 * TARGET_MAX_BYTES)}`;
  assert.equal(statusOf((await read([line])).request), 414);
  const lines = "GET / HTTP/1.1\r\n" + "X: y\r\n".repeat(HEAD_MAX_BYTES / 6);
  assert.equal(statusOf((await read([lines])).request), 431);
});

Deno.test(`RequestReader: any split gives the same (seed ${SEED})`, async () => {
  const random = new Random(SEED);
  for (const text of GOOD) {
    const expected = await read([`${text}rest`]);
    for (let round = 0; round < 40; round++) {
      const bytes = encodeLatin1(`${text}rest`);
      let from = 0;
      const pieces = random.cuts(bytes.length, 20).map((end) => bytes.subarray(from, from = end));
      assert.deepEqual(await read(pieces), expected);
    }
  }
});

Deno.test(`RequestReader: any byte changed, taken out or put in is a request or a refusal (seed ${SEED})`, async () => {
  const random = new Random(SEED);
  const results = new Map<number | string, number>();
  for (let round = 0; round < 3_000; round++) {
    const bytes = [...encodeLatin1(random.pick(GOOD))];
    for (let edits = 1 + random.below(3); edits > 0; edits--) {
      bytes.splice(random.below(bytes.length), random.below(2), ...random.bytes(random.below(2)));
    }
    const { request } = await read([Uint8Array.from(bytes)]);
    const result = statusOf(request);
    results.set(result, (results.get(result) ?? 0) + 1);
    if (request?.kind === "request") assertSameToNext(request);
  }
  for (const result of ["request", "end", 400]) assert.ok(results.has(result), `${result}`);
});

/**
 * What is taken, written for a server and read again by the same rules, must be the same request with
 * the same end: no header line may gain or lose a meaning on the way.
 */
function assertSameToNext(request: ParsedRequest): void {
  const { framing, method, target, authority } = request;
  const length = framing.kind === "length" ? framing.length : undefined;
  const headers = request.headers.filter(([name]) => name.toLowerCase() !== "host");
  const encoded = new RequestHeadEncoder().encode({
    method,
    target,
    headers: [["Host", authority], ...headers],
    body: framing.kind === "none" ? undefined : { length } as Body,
    upgrade: request.upgrade,
    expectsContinue: request.expectsContinue,
  });
  assert.equal(encoded.kind, "head");
  if (encoded.kind !== "head") return;
  const text = decodeLatin1(encoded.bytes);
  assert.equal(text.indexOf("\r\n\r\n"), text.length - 4, "one head");
  const again = parseRequest(text);
  assert.equal(again.kind, "request", JSON.stringify([request, again]));
  if (again.kind !== "request") return;
  assert.deepEqual([again.method, again.target, again.authority], [method, target, authority]);
  assert.deepEqual(again.framing, framing);
  assert.equal(again.upgrade, request.upgrade);
  const kept = ({ headers }: ParsedRequest) =>
    headers.filter(([name]) =>
      !/^(host|content-length|transfer-encoding|connection|upgrade|expect)$/i.test(name)
    );
  assert.deepEqual(kept(again), kept(request));
}
