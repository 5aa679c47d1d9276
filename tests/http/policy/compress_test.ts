import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { COMPRESSIONS_MAX } from "../../../lib/base/limits.ts";
import type { CompressConfig } from "../../../lib/config/config.ts";
import type { Exchange } from "../../../lib/http/exchange.ts";
import type { Answer, HeaderLine } from "../../../lib/http/message.ts";
import { compressAnswers } from "../../../lib/http/policy/compress.ts";
import { CompressionSlots } from "../../../lib/http/policy/compression_slots.ts";
import { headerOf, makeAnswer, makeBody, makeExchange } from "../../support/exchanges.ts";
import { FakeClock } from "../../support/fake_clock.ts";

const TEXT = "a line of text that repeats\n".repeat(200);
const HTML: HeaderLine = ["Content-Type", "text/html; charset=utf-8"];
const ACCEPT: HeaderLine = ["Accept-Encoding", "gzip, br"];
const DEFAULT: CompressConfig = { types: undefined, minBytes: 1_024, encodings: ["br", "gzip"] };

/** What the client gets of an answer. */
async function through(
  answer: Answer,
  options: {
    exchange?: Partial<Exchange>;
    config?: Partial<CompressConfig>;
    slots?: CompressionSlots;
  } = {},
): Promise<Answer> {
  const { config, exchange, slots = new CompressionSlots() } = options;
  const policy = compressAnswers({ ...DEFAULT, ...config }, { clock: new FakeClock(), slots });
  const asked = makeExchange({ headers: [ACCEPT], ...exchange });
  return await policy(asked, () => Promise.resolve(answer));
}

/** The bytes of a body, which may come in pieces. */
async function bytesOf({ body }: Answer): Promise<Buffer> {
  if (body === undefined || body instanceof Uint8Array) return Buffer.from(body ?? []);
  const pieces: Uint8Array[] = [];
  const target = new Uint8Array(1_000);
  for (let count; (count = await body.read(target)) > 0;) pieces.push(target.slice(0, count));
  return Buffer.concat(pieces);
}

const html = (body: Answer["body"] = makeBody(TEXT), headers: readonly HeaderLine[] = []) =>
  makeAnswer(200, [HTML, ...headers], body);

for (
  const [accept, encoding] of [["gzip, br", "br"], ["gzip", "gzip"], [
    "br;q=0.1, gzip",
    "gzip",
  ]] as const
) {
  for (const isStreamed of [true, false]) {
    Deno.test(`compressAnswers: ${accept} gets ${encoding}, streamed: ${isStreamed}`, async () => {
      const slots = new CompressionSlots();
      const length: HeaderLine = ["Content-Length", String(TEXT.length)];
      const body = isStreamed ? makeBody(TEXT, TEXT) : Buffer.from(TEXT);
      const answer = await through(html(body, [length]), {
        exchange: { headers: [["accept-encoding", accept]] },
        slots,
      });
      assert.equal(headerOf(answer, "content-encoding"), encoding);
      assert.equal(headerOf(answer, "vary"), "Accept-Encoding");
      const bytes = await bytesOf(answer);
      const sent = isStreamed ? undefined : String(bytes.length);
      assert.equal(headerOf(answer, "content-length"), sent);
      assert(bytes.length < TEXT.length / 10, `${bytes.length} bytes`);
      const plain = encoding === "br" ? brotliDecompressSync(bytes) : gunzipSync(bytes);
      assert.equal(plain.toString(), isStreamed ? TEXT + TEXT : TEXT);
      assert.equal(slots.taken, 0);
    });
  }
}

Deno.test("compressAnswers: RFC 9110 §8.8.1, a strong ETag becomes weak, and ranges are gone", async () => {
  const headers: HeaderLine[] = [
    ["ETag", '"abc"'],
    ["Accept-Ranges", "bytes"],
    ["Set-Cookie", "a=b"],
    ["set-cookie", "c=d"],
    ["Content-Encoding", "identity"],
  ];
  const answer = await through(html(undefined, headers));
  assert.deepEqual(answer.headers, [
    HTML,
    ["ETag", 'W/"abc"'],
    ["Set-Cookie", "a=b"],
    ["set-cookie", "c=d"],
    ["Vary", "Accept-Encoding"],
    ["Content-Encoding", "br"],
  ]);
  const weak = await through(html(undefined, [["etag", 'W/"abc"']]));
  assert.equal(headerOf(weak, "etag"), 'W/"abc"');
});

const REVALIDATED: readonly [known: string | undefined, sent: string, told: string][] = [
  ['W/"abc"', '"abc"', 'W/"abc"'],
  ['"x", W/"abc", W/"y"', '"abc"', 'W/"abc"'],
  ['W/"abc"', 'W/"abc"', 'W/"abc"'],
  ['"abc"', '"abc"', '"abc"'],
  ['W/"abcd"', '"abc"', '"abc"'],
  [undefined, '"abc"', '"abc"'],
];

for (const [known, sent, told] of REVALIDATED) {
  Deno.test(`compressAnswers: RFC 9111 §4.3.4, 304 with ${sent} to whoever knows ${known}`, async () => {
    const headers: HeaderLine[] = known === undefined
      ? [ACCEPT]
      : [ACCEPT, ["If-None-Match", known]];
    const answer = makeAnswer(304, [["Cache-Control", "no-cache"], ["ETag", sent]]);
    const passed = await through(answer, { exchange: { headers } });
    const lines: HeaderLine[] = [["Cache-Control", "no-cache"], ["ETag", told]];
    // RFC 9110 §15.4.5: what the answer says that is known by it.
    if (told !== sent) lines.push(["Vary", "Accept-Encoding"]);
    assert.deepEqual(passed.headers, lines);
  });
}

Deno.test("compressAnswers: a large page at hand is compressed piece by piece", async () => {
  const slots = new CompressionSlots();
  const page = Buffer.from(TEXT.repeat(20));
  const answer = await through(html(page), { slots });
  assert.equal(slots.taken, 1);
  assert.equal(brotliDecompressSync(await bytesOf(answer)).toString(), page.toString());
  assert.equal(slots.taken, 0);
});

const VARIES: readonly [value: string, values: readonly string[]][] = [
  ["Cookie", ["Cookie", "Accept-Encoding"]],
  ["Cookie, accept-encoding", ["Cookie, accept-encoding"]],
  ["*", ["*"]],
];

for (const [value, values] of VARIES) {
  Deno.test(`compressAnswers: RFC 9110 §12.5.5, Vary: ${value} becomes ${values.join(" + ")}`, async () => {
    const { headers } = await through(html(undefined, [["vary", value]]));
    assert.deepEqual(
      headers.filter(([name]) => /^vary$/i.test(name)).map(([, each]) => each),
      values,
    );
  });
}

const AS_IT_IS: readonly [why: string, answer: () => Answer, exchange?: Partial<Exchange>][] = [
  ["HEAD of a short text", () => makeAnswer(200, [HTML, ["Content-Length", "1023"]]), {
    method: "HEAD",
  }],
  ["HEAD with Range", () => makeAnswer(200, [HTML]), {
    method: "HEAD",
    headers: [ACCEPT, ["Range", "bytes=0-9"]],
  }],
  ["GET without a body", () => makeAnswer(200, [HTML])],
  ["Range", () => html(), { headers: [ACCEPT, ["Range", "bytes=0-9"]] }],
  ["no Accept-Encoding", () => html(), { headers: [] }],
  ["identity only", () => html(), { headers: [["Accept-Encoding", "identity"]] }],
  ["no-transform of the client", () => html(), {
    headers: [ACCEPT, ["cache-control", "no-transform"]],
  }],
  ["a short text", () => html(makeBody("x".repeat(1_023)))],
  ["a short text that is there", () => html(Buffer.from("x"))],
  ["a text that gets larger", () => html(crypto.getRandomValues(new Uint8Array(1_100)))],
];

for (const [why, make, exchange] of AS_IT_IS) {
  Deno.test(`compressAnswers: ${why} leaves the answer as it is, and a cache is told`, async () => {
    const before = make();
    const answer = await through(before, { exchange });
    assert.equal(answer.body, before.body);
    assert.deepEqual(answer.headers, [...before.headers, ["Vary", "Accept-Encoding"]]);
  });
}

Deno.test("compressAnswers: RFC 9110 §8.6, HEAD is told no length that GET would not be", async () => {
  const length: HeaderLine = ["Content-Length", "5600"];
  const bodies = [undefined, Buffer.from(TEXT), makeBody(TEXT)];
  for (const body of bodies) {
    const answer = await through(
      makeAnswer(200, [HTML, length, ["ETag", '"abc"']], body),
      { exchange: { method: "HEAD" } },
    );
    assert.equal(answer.body, undefined);
    assert.deepEqual(answer.headers, [
      HTML,
      ["ETag", 'W/"abc"'],
      ["Vary", "Accept-Encoding"],
      ["Content-Encoding", "br"],
    ]);
  }
});

Deno.test("compressAnswers: RFC 9530 §6.5, digests behind the body are dropped with the bytes they are of", async () => {
  const trailers: HeaderLine[] = [["Content-Digest", "x"], ["content_md5", "y"], ["X-Sum", "1"]];
  const atHand = makeAnswer(200, [HTML], new TextEncoder().encode(TEXT));
  const streamed = makeAnswer(200, [HTML], { ...makeBody(TEXT), length: undefined, trailers });
  const before = [{ ...atHand, trailers }, streamed];
  for (const answer of before) {
    const { body, trailers: own } = await through(answer);
    assert.deepEqual(body instanceof Uint8Array ? own : body!.trailers, [["X-Sum", "1"]]);
    if (!(body instanceof Uint8Array)) body!.cancel();
  }
});

const UNTOUCHED: readonly [why: string, answer: Answer][] = [
  ["204", makeAnswer(204, [HTML])],
  ["205", makeAnswer(205, [HTML])],
  ["206", makeAnswer(206, [HTML], makeBody(TEXT))],
  ["304", makeAnswer(304, [HTML])],
  ["an encoded one", html(undefined, [["Content-Encoding", "gzip"]])],
  ["no-transform", html(undefined, [["Cache-Control", "public, No-Transform"]])],
  ["a digest of its bytes", html(undefined, [["Content-Digest", "sha-256=:x:"]])],
  ["a digest of what it stands for", html(undefined, [["Repr-Digest", "sha-256=:x:"]])],
  ["a digest of old", html(undefined, [["Digest", "sha-256=x"]])],
  ["an image", makeAnswer(200, [["Content-Type", "image/png"]], makeBody(TEXT))],
  ["no type", makeAnswer(200, [], makeBody(TEXT))],
  [
    "events",
    makeAnswer(200, [["Content-Type", "text/event-stream;charset=utf-8"]], makeBody(TEXT)),
  ],
  ["an archive", makeAnswer(200, [["Content-Type", "application/zip"]], makeBody(TEXT))],
];

for (const [why, before] of UNTOUCHED) {
  Deno.test(`compressAnswers: ${why} goes through untouched`, async () => {
    assert.equal(await through(before), before);
  });
}

Deno.test("compressAnswers: 101 and its tunnel go through untouched", async () => {
  const connection = {} as NonNullable<Answer["tunnel"]>["connection"];
  const before = { ...makeAnswer(101, [HTML]), tunnel: { connection, initial: new Uint8Array() } };
  assert.equal(await through(before), before);
});

for (const status of [200, 201, 404, 500]) {
  Deno.test(`compressAnswers: ${status} is compressed`, async () => {
    const answer = await through(makeAnswer(status, [HTML], makeBody(TEXT)));
    assert.deepEqual([answer.status, headerOf(answer, "content-encoding")], [status, "br"]);
  });
}

const TYPES: readonly [type: string, types: readonly string[], isIn: boolean][] = [
  ["application/json", ["application/json"], true],
  ["Application/JSON; charset=utf-8", ["application/json"], true],
  ["application/jsonp", ["application/json"], false],
  ["text/css", ["text/*"], true],
  ["textual/css", ["text/*"], false],
  ["text/event-stream", ["text/*"], false],
  ["text/html", ["application/json"], false],
];

for (const [type, types, isIn] of TYPES) {
  Deno.test(`compressAnswers: ${type} is ${isIn ? "" : "not "}one of ${types}`, async () => {
    const answer = makeAnswer(200, [["Content-Type", type]], makeBody(TEXT));
    const encoding = headerOf(await through(answer, { config: { types } }), "content-encoding");
    assert.equal(encoding, isIn ? "br" : undefined);
  });
}

Deno.test("compressAnswers: min_size is the first that is compressed, unknown counts as large", async () => {
  const config = { minBytes: 100 };
  const encodingOf = async (body: Answer["body"]) =>
    headerOf(await through(html(body), { config }), "content-encoding");
  assert.equal(await encodingOf(makeBody("x".repeat(99))), undefined);
  assert.equal(await encodingOf(makeBody("x".repeat(100))), "br");
  assert.equal(await encodingOf({ ...makeBody("x"), length: undefined }), "br");
});

Deno.test("compressAnswers: with no slot left answers go as they are", async () => {
  const slots = new CompressionSlots();
  const open: Answer[] = [];
  for (let count = 0; count < COMPRESSIONS_MAX; count++) {
    open.push(await through(html(), { slots }));
  }
  assert.equal(slots.taken, COMPRESSIONS_MAX);
  const answer = await through(html(), { slots });
  assert.equal(headerOf(answer, "content-encoding"), undefined);
  assert.equal((await bytesOf(answer)).toString(), TEXT);
  for (const { body } of open) if (body !== undefined && "cancel" in body) body.cancel();
  assert.equal(slots.taken, 0);
  assert.equal(headerOf(await through(html(), { slots }), "content-encoding"), "br");
});
