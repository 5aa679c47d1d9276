import assert from "node:assert/strict";
import { planAnswer } from "../../../lib/http/http1/answer_plan.ts";
import type { Answer, Body, HeaderLine } from "../../../lib/http/message.ts";

const BYTES = new Uint8Array(5);
const STREAM = { length: undefined } as Body;
const SIZED = { length: 7 } as Body;

/** What is said about the length, and whether the body is sent. */
type Said = "none" | "chunked" | "close" | `length ${string}`;

const CASES: readonly [
  name: string,
  method: string,
  version: number,
  status: number,
  body: Answer["body"],
  said: Said,
  sendsBody: boolean,
  headers?: readonly HeaderLine[],
][] = [
  ["bytes", "GET", 1, 200, BYTES, "length 5", true],
  ["a body that knows its length", "GET", 1, 200, SIZED, "length 7", true],
  ["a body that does not", "GET", 1, 200, STREAM, "chunked", true],
  ["RFC 9112 §6.1: no chunks over 1.0", "GET", 0, 200, STREAM, "close", true],
  ["a length over 1.0", "GET", 0, 200, SIZED, "length 7", true],
  ["nothing", "POST", 1, 201, undefined, "length 0", false],
  ["a length that is not the body's", "GET", 1, 200, BYTES, "length 5", true, [[
    "Content-Length",
    "9",
  ]]],
  ["RFC 9110 §15.3.5: 204", "GET", 1, 204, undefined, "none", false, [["Content-Length", "9"]]],
  ["204 with a body", "GET", 1, 204, SIZED, "none", false],
  ["RFC 9110 §15.4.5: 304", "GET", 1, 304, undefined, "length 9", false, [["content-length", "9"]]],
  ["304 without a length", "GET", 1, 304, undefined, "none", false],
  ["RFC 9110 §9.3.2: HEAD", "HEAD", 1, 200, undefined, "length 9", false, [[
    "Content-Length",
    "9",
  ]]],
  ["HEAD of two lengths", "HEAD", 1, 200, undefined, "length 9", false, [["Content-Length", "9"], [
    "Content-Length",
    "9",
  ]]],
  ["HEAD of a length that is none", "HEAD", 1, 200, undefined, "none", false, [[
    "Content-Length",
    "9, 9",
  ]]],
  ["HEAD without a length", "HEAD", 1, 200, undefined, "none", false],
  ["HEAD answered with bytes", "HEAD", 1, 404, BYTES, "length 5", false],
  ["HEAD answered with a body", "HEAD", 1, 200, STREAM, "none", false],
  ["head is another method", "head", 1, 200, BYTES, "length 5", true],
  ["RFC 9110 §15.2.2: 101", "GET", 1, 101, undefined, "none", false],
];
for (const [name, method, version, status, body, said, sendsBody, headers = []] of CASES) {
  Deno.test(`planAnswer: ${name}: ${said}`, () => {
    const plan = planAnswer({ method, version }, { status, reason: "", headers, body });
    const { framing } = plan;
    assert.equal(framing.kind === "length" ? `length ${framing.length}` : framing.kind, said);
    assert.equal(plan.sendsBody, sendsBody);
  });
}

Deno.test("planAnswer: bytes with trailers are chunked where that is possible", () => {
  const answer: Answer = {
    status: 200,
    reason: "",
    headers: [],
    body: BYTES,
    trailers: [["X", "y"]],
  };
  assert.equal(planAnswer({ method: "GET", version: 1 }, answer).framing.kind, "chunked");
  assert.equal(planAnswer({ method: "GET", version: 0 }, answer).framing.kind, "length");
  const none = { ...answer, trailers: [] };
  assert.equal(planAnswer({ method: "GET", version: 1 }, none).framing.kind, "length");
});
