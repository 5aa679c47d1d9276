import assert from "node:assert/strict";
import { type HeadScan, HeadScanner } from "../../../lib/http/http1/head_scanner.ts";
import { latin1 } from "../../support/scripted_connection.ts";

/** Feeds the text in steps until the scanner has decided. */
function scanInSteps(text: string, stepBytes: number): HeadScan {
  const bytes = latin1(text);
  const scanner = new HeadScanner();
  for (let end = stepBytes;; end += stepBytes) {
    const scan = scanner.scan(bytes.subarray(0, end));
    if (scan.kind !== "more" || end >= bytes.length) return scan;
  }
}

const CASES: [text: string, expected: HeadScan][] = [
  ["", { kind: "more" }],
  ["HTTP/1.1 200 OK", { kind: "more" }],
  ["HTTP/1.1 200 OK\r", { kind: "more" }],
  ["HTTP/1.1 200 OK\r\n", { kind: "more" }],
  ["HTTP/1.1 200 OK\r\n\r", { kind: "more" }],
  ["HTTP/1.1 200 OK\r\n\r\n", { kind: "end", length: 19 }],
  ["HTTP/1.1 200 OK\r\nA: b\r\n\r\n", { kind: "end", length: 25 }],
  ["HTTP/1.1 200 OK\r\nA: b\r\n\r\nbody\n\n", { kind: "end", length: 25 }],
  ["\r\n", { kind: "end", length: 2 }],
  ["\n", { kind: "malformed" }],
  ["A\n", { kind: "malformed" }],
  ["A\r\n\n", { kind: "malformed" }],
  ["A\r\nB\n\r\n", { kind: "malformed" }],
  // A bare CR is no line end; the grammar of the line refuses it later.
  ["A\rB\r\n\r\n", { kind: "end", length: 7 }],
];

for (const stepBytes of [1, 2, 5, 1_000]) {
  Deno.test(`HeadScanner: finds the end, fed in steps of ${stepBytes}`, () => {
    for (const [text, expected] of CASES) {
      assert.deepEqual(scanInSteps(text, stepBytes), expected, JSON.stringify(text));
    }
  });
}

Deno.test("HeadScanner: every strict prefix of a head is `more`", () => {
  const head = latin1("HTTP/1.1 200 OK\r\nServer: x\r\nA: b\r\n\r\n");
  for (let end = 0; end < head.length; end++) {
    assert.equal(new HeadScanner().scan(head.subarray(0, end)).kind, "more");
  }
});
