import assert from "node:assert/strict";
import { parseResponseHead } from "../../../lib/http/http1/response_head.ts";

Deno.test("parseResponseHead: a head with its parts", () => {
  assert.deepEqual(parseResponseHead("HTTP/1.1 404 Not Found\r\nServer: x\r\nA: \xe9\r\n\r\n"), {
    kind: "head",
    head: {
      status: 404,
      reason: "Not Found",
      version: 1,
      headers: [["Server", "x"], ["A", "\xe9"]],
    },
  });
});

Deno.test("parseResponseHead: status lines that are taken", () => {
  const cases: [string, number, string, number][] = [
    ["HTTP/1.1 200 OK", 200, "OK", 1],
    ["HTTP/1.0 200 OK", 200, "OK", 0],
    ["HTTP/1.1 200 ", 200, "", 1],
    ["HTTP/1.1 200", 200, "", 1],
    ["HTTP/1.1 100 Continue", 100, "Continue", 1],
    ["HTTP/1.1 599 \xfcber", 599, "\xfcber", 1],
  ];
  for (const [line, status, reason, version] of cases) {
    const expected = { kind: "head", head: { status, reason, version, headers: [] } };
    assert.deepEqual(parseResponseHead(`${line}\r\n\r\n`), expected, line);
  }
});

Deno.test("parseResponseHead: status lines that are not", () => {
  const lines = [
    "",
    "HTTP/1.1",
    "HTTP/1.1 20",
    "HTTP/1.1 2000 OK",
    "HTTP/1.1 200OK",
    "HTTP/1.1  200 OK",
    "HTTP/1.1\t200 OK",
    "HTTP/1.1 099 Low",
    "HTTP/1.1 600 High",
    "HTTP/1.1 2x0 OK",
    "HTTP/1.1 +20 OK",
    "HTTP/1.2 200 OK",
    "HTTP/2 200",
    "HTTP/2.0 200 OK",
    "http/1.1 200 OK",
    "XHTTP/1.1 200 OK",
    " HTTP/1.1 200 OK",
    "ICY 200 OK",
    "HTTP/1.1 200 O\0K",
    "HTTP/1.1 200 O\rK",
    "A: b",
  ];
  for (const line of lines) {
    assert.equal(parseResponseHead(`${line}\r\n\r\n`).kind, "malformed", JSON.stringify(line));
  }
});

Deno.test("parseResponseHead: a bad header line spoils the head", () => {
  assert.deepEqual(parseResponseHead("HTTP/1.1 200 OK\r\nA: b\r\nB : c\r\n\r\n"), {
    kind: "malformed",
    reason: "header line 2 breaks the grammar",
  });
  assert.equal(
    parseResponseHead(`HTTP/1.1 200 OK\r\n${"A: b\r\n".repeat(300)}\r\n`).kind,
    "too_large",
  );
});
