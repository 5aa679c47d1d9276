import assert from "node:assert/strict";
import { parseRequestLine } from "../../../lib/http/http1/request_line.ts";

Deno.test("parseRequestLine: method, target and version as sent", () => {
  assert.deepEqual(parseRequestLine("PaTCH /a?b HTTP/1.1"), {
    kind: "line",
    method: "PaTCH",
    target: "/a?b",
    version: 1,
  });
  const old = parseRequestLine("GET / HTTP/1.0");
  assert.equal(old.kind === "line" && old.version, 0);
});

Deno.test("parseRequestLine: every other byte between the parts, and every other version, is refused", () => {
  for (let code = 0; code < 256; code++) {
    const character = String.fromCharCode(code);
    const kind = code === 0x20 ? "line" : "malformed";
    assert.equal(parseRequestLine(`GET${character}/ HTTP/1.1`).kind, kind, `byte ${code}`);
    const last = parseRequestLine(`GET / HTTP/1.${character}`).kind;
    assert.equal(last, character === "0" || character === "1" ? "line" : "malformed");
  }
});

Deno.test("parseRequestLine: later versions have an answer of their own", () => {
  const cases = { "HTTP/2.0": "version", "HTTP/3.0": "version", "HTTP/2": "malformed" } as const;
  for (const [version, kind] of Object.entries(cases)) {
    assert.equal(parseRequestLine(`GET / ${version}`).kind, kind, version);
  }
});

Deno.test("parseRequestLine: nothing at all is refused", () => {
  for (const line of ["", " ", "GET", "GET ", "HTTP/1.1", " / HTTP/1.1", "GET  HTTP/1.1"]) {
    assert.equal(parseRequestLine(line).kind, "malformed", JSON.stringify(line));
  }
});
