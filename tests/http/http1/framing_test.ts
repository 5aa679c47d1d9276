import assert from "node:assert/strict";
import {
  hasConnectionOption,
  isPersistent,
  readFraming,
  readResponseFraming,
} from "../../../lib/http/http1/framing.ts";
import type { HeaderLine } from "../../../lib/http/message.ts";

const length = (value: string): HeaderLine => ["Content-Length", value];
const coding = (value: string): HeaderLine => ["transfer-encoding", value];

Deno.test("readFraming: good framings", () => {
  const cases: [HeaderLine[], object][] = [
    [[], { kind: "none" }],
    [[["Content-Lengt", "5"]], { kind: "none" }],
    [[length("0")], { kind: "length", length: 0, repeated: false }],
    [[length("007")], { kind: "length", length: 7, repeated: false }],
    [[length("999999999999999")], { kind: "length", length: 999999999999999, repeated: false }],
    [[length("5"), length("5")], { kind: "length", length: 5, repeated: true }],
    [[length("5, 5 ,5")], { kind: "length", length: 5, repeated: true }],
    [[coding("chunked")], { kind: "chunked" }],
    [[coding("Chunked")], { kind: "chunked" }],
  ];
  for (const [headers, expected] of cases) assert.deepEqual(readFraming(headers), expected);
});

Deno.test("readFraming: whatever could be read in two ways is malformed", () => {
  const cases: HeaderLine[][] = [
    [length("")],
    [length("+5")],
    [length("-5")],
    [length("5.0")],
    [length("0x5")],
    [length("5 5")],
    [length("5;")],
    [length("1000000000000000")],
    [length("5"), length("6")],
    [length("5, 6")],
    [length("5,")],
    [length(",5")],
    [length("5"), length("05")],
    [length("5"), coding("chunked")],
    [coding("chunked"), length("5")],
    [coding("chunked"), coding("chunked")],
    [coding("chunked, chunked")],
    [coding("gzip, chunked")],
    [coding("chunked, gzip")],
    [coding("gzip")],
    [coding("identity")],
    [coding("xchunked")],
    [coding("chunked;q=1")],
    [coding('"chunked"')],
    [coding("")],
    [coding("chunked"), coding("")],
  ];
  for (const headers of cases) {
    assert.equal(readFraming(headers).kind, "malformed", JSON.stringify(headers));
  }
});

Deno.test("readResponseFraming: by method, status and version (RFC 9112 §6.3)", () => {
  const five = [length("5")];
  const chunked = [coding("chunked")];
  const cases: [string, number, number, HeaderLine[], string][] = [
    ["GET", 200, 1, five, "length"],
    ["GET", 200, 1, chunked, "chunked"],
    ["GET", 200, 1, [], "close"],
    ["GET", 200, 0, [], "close"],
    ["GET", 200, 0, five, "length"],
    ["GET", 200, 0, chunked, "malformed"],
    ["HEAD", 200, 1, five, "none"],
    ["HEAD", 200, 1, chunked, "none"],
    ["HEAD", 200, 1, [], "none"],
    ["head", 200, 1, five, "length"],
    ["GET", 204, 1, five, "none"],
    ["GET", 304, 1, five, "none"],
    ["GET", 205, 1, five, "length"],
    ["GET", 103, 1, five, "none"],
    ["GET", 404, 1, five, "length"],
    ["HEAD", 200, 1, [length("5"), length("6")], "malformed"],
    ["GET", 304, 1, [coding("gzip")], "malformed"],
  ];
  for (const [method, status, version, headers, kind] of cases) {
    const framing = readResponseFraming(method, { status, version, headers });
    assert.equal(framing.kind, kind, `${method} ${status} 1.${version} ${JSON.stringify(headers)}`);
  }
});

Deno.test("hasConnectionOption: in lists, on several lines, without regard to case", () => {
  const cases: [HeaderLine[], boolean][] = [
    [[["Connection", "close"]], true],
    [[["connection", "Keep-Alive, CLOSE"]], true],
    [[["Connection", "a"], ["Connection", "\tclose "]], true],
    [[["Connection", "closed"]], false],
    [[["Proxy-Connection", "close"]], false],
    [[], false],
  ];
  for (const [headers, expected] of cases) {
    assert.equal(hasConnectionOption(headers, "close"), expected, JSON.stringify(headers));
  }
});

Deno.test("isPersistent: HTTP/1.1 unless told to close, HTTP/1.0 never", () => {
  assert.equal(isPersistent(1, []), true);
  assert.equal(isPersistent(1, [["Connection", "close"]]), false);
  assert.equal(isPersistent(0, []), false);
  assert.equal(isPersistent(0, [["Connection", "keep-alive"]]), false);
});
