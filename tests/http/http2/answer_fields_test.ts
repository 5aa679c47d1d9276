import assert from "node:assert/strict";
import {
  answerFields,
  interimFields,
  trailerFields,
} from "../../../lib/http/http2/answer_fields.ts";
import { FieldEncoder, FieldError } from "../../../lib/http/http2/hpack/field_encoder.ts";
import type { Answer, HeaderLine } from "../../../lib/http/message.ts";
import { makeBody } from "../../support/exchanges.ts";

const DATE = "Sat, 21 Nov 2026 18:00:00 GMT";
const DATED: HeaderLine = ["date", DATE];

function answerOf(parts: Partial<Answer>): Answer {
  return { status: 200, reason: "", headers: [], body: undefined, ...parts };
}

function fieldsOf(headers: readonly HeaderLine[]): HeaderLine[] {
  const { fields } = answerFields("GET", answerOf({ headers, status: 204 }), DATE);
  assert.deepEqual(fields.at(-1), DATED);
  return fields.slice(0, -1);
}

Deno.test("answerFields: RFC 9113 §8.2, names in lower case, in their order and with duplicates", () => {
  const headers: HeaderLine[] = [
    ["Content-Type", "text/html"],
    ["SERVER", "x"],
    ["ETag", '"a"'],
    ["Set-Cookie", "a=1"],
    ["set-cookie", "b=2"],
    ["X-Own-Name", "\xe9"],
    ["x-empty", ""],
  ];
  assert.deepEqual(
    fieldsOf(headers),
    headers.map(([name, value]) => [name.toLowerCase(), value]),
  );
});

Deno.test("answerFields: a line that may stay as it is is passed on, not copied", () => {
  const line: HeaderLine = ["content-type", "text/html"];
  assert.ok(fieldsOf([line])[0] === line);
});

Deno.test("answerFields: RFC 9113 §8.2.1, no whitespace around a value", () => {
  for (const value of [" a b", "a b\t", "\t a b \t"]) {
    assert.deepEqual(fieldsOf([["x", value]]), [["x", "a b"]]);
  }
  assert.deepEqual(fieldsOf([["x", " "], ["y", "\xa0"]]), [["x", ""], ["y", "\xa0"]]);
});

const GONE: readonly (readonly HeaderLine[])[] = [
  [["Transfer-Encoding", "chunked"]],
  [["transfer-encoding", "chunked"]],
  [["Keep-Alive", "timeout=5"]],
  [["Proxy-Connection", "close"]],
  [["Upgrade", "h2c"]],
  [["TE", "gzip"]],
  [["Proxy-Authenticate", "Basic"]],
  [["Connection", "close"]],
  [["Connection", "keep-alive"], ["Keep-Alive", "timeout=5"]],
  [["connection", "keep-alive, X-Gone"], ["x-gone", "1"]],
  [["x-gone", "1"], ["CONNECTION", "X-GONE"], ["X-Gone", "2"]],
];
for (const headers of GONE) {
  Deno.test(`answerFields: RFC 9113 §8.2.2, nothing is left of ${JSON.stringify(headers)}`, () => {
    const kept: HeaderLine = ["x-kept", "1"];
    assert.deepEqual(fieldsOf([kept, ...headers, kept]), [kept, kept]);
  });
}

Deno.test("answerFields: a date is added where there is none", () => {
  const dates = (headers: readonly HeaderLine[]) =>
    answerFields("GET", answerOf({ headers }), DATE).fields.filter(([name]) => name === "date");
  assert.deepEqual(dates([]), [DATED]);
  for (const name of ["Date", "date", "DATE"]) {
    assert.deepEqual(dates([[name, "yesterday"]]), [["date", "yesterday"]]);
  }
});

const BYTES = new Uint8Array(3);
const STATED: readonly HeaderLine[] = [["Content-Length", "77"]];

/** As over HTTP/1.1: what is said of the length, and whether the body is sent. */
const LENGTHS: readonly (readonly [
  what: string,
  method: string,
  answer: Partial<Answer>,
  length: string | undefined,
  sendsBody: boolean,
])[] = [
  ["bytes", "GET", { body: BYTES }, "3", true],
  ["bytes with another length", "GET", { body: BYTES, headers: STATED }, "3", true],
  ["bytes with trailers", "GET", { body: BYTES, trailers: [["x", "y"]] }, undefined, true],
  ["a body of known length", "GET", { body: makeBody("abcd") }, "4", true],
  [
    "a body of unknown length",
    "GET",
    { body: { ...makeBody("abcd"), length: undefined }, headers: STATED },
    undefined,
    true,
  ],
  ["no body", "GET", {}, "0", false],
  ["no body with a length", "GET", { headers: STATED }, "0", false],
  ["HEAD", "HEAD", { headers: STATED }, "77", false],
  ["HEAD with a body", "HEAD", { body: BYTES, headers: STATED }, "3", false],
  ["HEAD that says nothing", "HEAD", {}, undefined, false],
  [
    "HEAD with a length that is none",
    "HEAD",
    { headers: [["content-length", "x"]] },
    undefined,
    false,
  ],
  ["204", "GET", { status: 204, headers: STATED }, undefined, false],
  ["304", "GET", { status: 304, headers: STATED }, "77", false],
  ["304 that says nothing", "GET", { status: 304 }, undefined, false],
];
for (const [what, method, parts, length, sendsBody] of LENGTHS) {
  Deno.test(`answerFields: the length of ${what} is ${length ?? "not said"}`, () => {
    const result = answerFields(method, answerOf(parts), DATE);
    const lengths = result.fields.filter(([name]) => name === "content-length");
    assert.deepEqual(lengths.map(([, value]) => value), length === undefined ? [] : [length]);
    assert.equal(result.sendsBody, sendsBody);
  });
}

Deno.test("answerFields: what cannot be sent is passed on to whoever encodes it", () => {
  for (const line of [["X Y", "a"], ["x", "a\nb"], [":path", "/"]] as const) {
    const { fields } = answerFields("GET", answerOf({ headers: [line] }), DATE);
    const encoder = new FieldEncoder();
    const target = new Uint8Array(encoder.boundOf(fields));
    assert.throws(() => encoder.encode(200, fields, target, 0), FieldError);
  }
});

Deno.test("interimFields: in lower case, without a length or a date", () => {
  const headers: HeaderLine[] = [["Link", "</a.css>"], ["Content-Length", "5"], ["X-A", "1"]];
  assert.deepEqual(interimFields(headers), [["link", "</a.css>"], ["x-a", "1"]]);
});

Deno.test("trailerFields: what may stand in trailers, in lower case", () => {
  const trailers: HeaderLine[] = [
    ["Server-Timing", "a"],
    ["X-Sum", " 1"],
    ["Content-Length", "5"],
    ["Transfer-Encoding", "chunked"],
    ["Set-Cookie", "a=1"],
    ["X-Head", "2"],
    ["bad name", "1"],
    ["x-bad", "a\nb"],
    [":path", "/"],
  ];
  assert.deepEqual(trailerFields(trailers, [["x-head", "1"]]), [
    ["server-timing", "a"],
    ["x-sum", "1"],
  ]);
});
