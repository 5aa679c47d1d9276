import assert from "node:assert/strict";
import { HEADER_LINES_MAX, TARGET_MAX_BYTES } from "../../../lib/base/limits.ts";
import { type ParsedRequest, parseRequest } from "../../../lib/http/http1/parse_request.ts";

const HOST = "Host: app.example.org\r\n";

/** Builds a head of a request line and header lines. */
function head(line: string, headers = HOST): string {
  return `${line}\r\n${headers}\r\n`;
}

const REFUSED: readonly [rule: string, text: string, status: number][] = [
  ["RFC 9112 §3: two spaces", head("GET  / HTTP/1.1"), 400],
  ["RFC 9112 §3: a tab", head("GET\t/ HTTP/1.1"), 400],
  ["RFC 9112 §3: no target", head("GET HTTP/1.1"), 400],
  ["RFC 9112 §3: leading space", head(" GET / HTTP/1.1"), 400],
  ["RFC 9112 §3: trailing space", head("GET / HTTP/1.1 "), 400],
  ["RFC 9112 §3: a method that is no token", head("G@T / HTTP/1.1"), 400],
  ["RFC 9112 §3: an empty line", "\r\n", 400],
  ["RFC 9112 §2.3: HTTP/0.9", head("GET /"), 400],
  ["RFC 9112 §2.3: lower case", head("GET / http/1.1"), 400],
  ["RFC 9112 §2.3: HTTP/1.2", head("GET / HTTP/1.2"), 400],
  ["RFC 9112 §2.3: HTTP/1.10", head("GET / HTTP/1.10"), 400],
  ["RFC 9112 §2.3: HTTP/01.1", head("GET / HTTP/01.1"), 400],
  ["RFC 9110 §15.6.6: HTTP/2.0", head("GET / HTTP/2.0"), 505],
  ["RFC 9113 §3.4: the preface", "PRI * HTTP/2.0\r\n\r\n", 505],
  ["RFC 9112 §3.2: a byte from 0x80 in the target", head("GET /\xe9 HTTP/1.1"), 400],
  ["RFC 9112 §3.2: NUL in the target", head("GET /\0 HTTP/1.1"), 400],
  ["RFC 9112 §3.2: a target without a slash", head("GET a HTTP/1.1"), 400],
  ["RFC 9112 §3.2: another scheme", head("GET ftp://a/ HTTP/1.1"), 400],
  ["RFC 3986 §3.5: a fragment", head("GET /#a HTTP/1.1"), 400],
  ["RFC 9112 §3.2.4: * with GET", head("GET * HTTP/1.1"), 400],
  ["RFC 9112 §3.2.3: CONNECT", head("CONNECT app.example.org:443 HTTP/1.1"), 405],
  ["RFC 9110 §4.2.4: user information", head("GET http://u@a/ HTTP/1.1"), 400],
  ["RFC 9112 §3.2.2: no authority", head("GET http:///a HTTP/1.1"), 400],
  ["RFC 9112 §3.2: no Host", head("GET / HTTP/1.1", ""), 400],
  ["RFC 9112 §3.2: no Host, HTTP/1.0", head("GET / HTTP/1.0", ""), 400],
  ["RFC 9112 §3.2: two Hosts", head("GET / HTTP/1.1", HOST + HOST), 400],
  ["RFC 9112 §3.2: an empty Host", head("GET / HTTP/1.1", "Host:\r\n"), 400],
  ["RFC 9112 §3.2: two in one", head("GET / HTTP/1.1", "Host: a, b\r\n"), 400],
  ["RFC 9112 §3.2: a path in Host", head("GET / HTTP/1.1", "Host: a/b\r\n"), 400],
  [
    "RFC 9112 §3.2.2: a bad Host beside an absolute target",
    head("GET http://a/ HTTP/1.1", "Host: @\r\n"),
    400,
  ],
  ["RFC 9112 §5.1: space before the colon", head("GET / HTTP/1.1", `${HOST}A : b\r\n`), 400],
  ["RFC 9112 §5.2: obs-fold", head("GET / HTTP/1.1", `${HOST}A: b\r\n c\r\n`), 400],
  [
    "RFC 9112 §2.2: a first line that begins with space",
    head("GET / HTTP/1.1", ` A: b\r\n${HOST}`),
    400,
  ],
  ["RFC 9110 §5.5: NUL in a value", head("GET / HTTP/1.1", `${HOST}A: \0\r\n`), 400],
  ["RFC 9112 §2.2: CR in a value", head("GET / HTTP/1.1", `${HOST}A: b\rc\r\n`), 400],
  ["RFC 9110 §5.1: a name from 0x80", head("GET / HTTP/1.1", `${HOST}\xe9: b\r\n`), 400],
  [
    "RFC 9112 §6.1: both framings",
    head("POST / HTTP/1.1", `${HOST}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n`),
    400,
  ],
  [
    "RFC 9112 §6.1: both, one unknown",
    head("POST / HTTP/1.1", `${HOST}Content-Length: 1\r\nTransfer-Encoding: x\r\n`),
    400,
  ],
  [
    "RFC 9112 §6.3: lengths that differ",
    head("POST / HTTP/1.1", `${HOST}Content-Length: 1\r\nContent-Length: 2\r\n`),
    400,
  ],
  [
    "RFC 9112 §6.3: equal lengths",
    head("POST / HTTP/1.1", `${HOST}Content-Length: 1\r\nContent-Length: 1\r\n`),
    400,
  ],
  [
    "RFC 9112 §6.3: equal lengths in one",
    head("POST / HTTP/1.1", `${HOST}Content-Length: 5, 5\r\n`),
    400,
  ],
  ["RFC 9110 §8.6: +1", head("POST / HTTP/1.1", `${HOST}Content-Length: +1\r\n`), 400],
  ["RFC 9110 §8.6: 0x1", head("POST / HTTP/1.1", `${HOST}Content-Length: 0x1\r\n`), 400],
  ["RFC 9110 §8.6: empty", head("POST / HTTP/1.1", `${HOST}Content-Length:\r\n`), 400],
  [
    "RFC 9110 §8.6: 20 digits",
    head("POST / HTTP/1.1", `${HOST}Content-Length: ${"9".repeat(20)}\r\n`),
    400,
  ],
  [
    "RFC 9112 §6.1: gzip, chunked",
    head("POST / HTTP/1.1", `${HOST}Transfer-Encoding: gzip, chunked\r\n`),
    501,
  ],
  [
    "RFC 9112 §6.1: identity",
    head("POST / HTTP/1.1", `${HOST}Transfer-Encoding: identity\r\n`),
    501,
  ],
  [
    "RFC 9112 §6.1: chunked twice",
    head("POST / HTTP/1.1", `${HOST}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n`),
    501,
  ],
  [
    "RFC 9112 §6.1: a vertical tab",
    head("POST / HTTP/1.1", `${HOST}Transfer-Encoding: \vchunked\r\n`),
    400,
  ],
  [
    "RFC 9112 §6.1: 0xA0",
    head("POST / HTTP/1.1", `${HOST}Transfer-Encoding: \xa0chunked\r\n`),
    501,
  ],
  [
    "RFC 9112 §6.1: over HTTP/1.0",
    head("POST / HTTP/1.0", `${HOST}Transfer-Encoding: chunked\r\n`),
    400,
  ],
  [
    "RFC 9110 §10.1.1: another expectation",
    head("POST / HTTP/1.1", `${HOST}Expect: the-moon\r\nContent-Length: 1\r\n`),
    417,
  ],
  ["limits: the target", head(`GET /${"a".repeat(TARGET_MAX_BYTES)} HTTP/1.1`), 414],
  ["limits: header lines", head("GET / HTTP/1.1", HOST + "A: b\r\n".repeat(HEADER_LINES_MAX)), 431],
];

for (const [rule, text, status] of REFUSED) {
  Deno.test(`parseRequest: refuses with ${status}, ${rule}`, () => {
    const result = parseRequest(text);
    assert.equal(result.kind, "refused");
    assert.equal(result.kind === "refused" && result.status, status);
    assert.match(result.kind === "refused" ? result.reason : "", /^[\w:,.*'/ -]{4,60}$/);
  });
}

const TAKEN: readonly [rule: string, text: string, fields: Partial<ParsedRequest>][] = [
  ["the plain one", head("GET /a%2F../b?c=%zz HTTP/1.1"), {
    method: "GET",
    target: "/a%2F../b?c=%zz",
    authority: "app.example.org",
    version: 1,
    framing: { kind: "none" },
    isPersistent: true,
    upgrade: undefined,
    expectsContinue: false,
  }],
  ["RFC 9110 §9.1: any method", head("get / HTTP/1.1"), { method: "get" }],
  ["RFC 9112 §3.2.4: OPTIONS *", head("OPTIONS * HTTP/1.1"), { target: "*" }],
  ["RFC 9112 §3.2.4: OPTIONS of a server", head("OPTIONS http://b HTTP/1.1"), {
    target: "*",
    authority: "b",
  }],
  ["RFC 9112 §3.2.2: absolute wins", head("GET HTTP://B:81/x?y HTTP/1.1"), {
    target: "/x?y",
    authority: "B:81",
  }],
  ["RFC 9112 §3.2.2: absolute without a path", head("GET http://b HTTP/1.1"), {
    target: "/",
    authority: "b",
  }],
  ["RFC 9112 §3.2.2: a query and no path", head("GET https://b?y HTTP/1.1"), {
    target: "/?y",
    authority: "b",
  }],
  ["RFC 9110 §7.2: an IPv6 literal", head("GET / HTTP/1.1", "Host: [::1]:80\r\n"), {
    authority: "[::1]:80",
  }],
  ["two slashes", head("GET //b/c HTTP/1.1"), { target: "//b/c", authority: "app.example.org" }],
  ["limits: the longest target", head(`GET /${"a".repeat(TARGET_MAX_BYTES - 1)} HTTP/1.1`), {}],
  [
    "limits: the most lines",
    head("GET / HTTP/1.1", HOST + "A: b\r\n".repeat(HEADER_LINES_MAX - 1)),
    {},
  ],
  ["bytes from 0x80 in values", head("GET / HTTP/1.1", `${HOST}A: \xe9\x80\r\n`), {
    headers: [["Host", "app.example.org"], ["A", "\xe9\x80"]],
  }],
  ["RFC 9112 §9.3: HTTP/1.0 ends", head("GET / HTTP/1.0", `${HOST}Connection: keep-alive\r\n`), {
    version: 0,
    isPersistent: false,
  }],
  ["RFC 9112 §9.6: close among others", head("GET / HTTP/1.1", `${HOST}Connection: x, CLOSE\r\n`), {
    isPersistent: false,
  }],
  ["RFC 9112 §6.3: GET with a body", head("GET / HTTP/1.1", `${HOST}Content-Length: 5\r\n`), {
    framing: { kind: "length", length: 5, repeated: false } as ParsedRequest["framing"],
  }],
  ["a length of 0 is no body", head("POST / HTTP/1.1", `${HOST}Content-Length: 0\r\n`), {
    framing: { kind: "none" },
  }],
  [
    "RFC 9112 §7: case of codings",
    head("POST / HTTP/1.1", `${HOST}Transfer-Encoding: Chunked\r\n`),
    { framing: { kind: "chunked" } },
  ],
  [
    "RFC 9110 §10.1.1: expects",
    head("PUT / HTTP/1.1", `${HOST}Expect: 100-Continue\r\nContent-Length: 1\r\n`),
    { expectsContinue: true },
  ],
  ["RFC 9110 §10.1.1: without a body", head("PUT / HTTP/1.1", `${HOST}Expect: 100-continue\r\n`), {
    expectsContinue: false,
  }],
  [
    "RFC 9110 §10.1.1: over HTTP/1.0",
    head("PUT / HTTP/1.0", `${HOST}Expect: the-moon\r\nContent-Length: 1\r\n`),
    { expectsContinue: false },
  ],
  [
    "RFC 9110 §7.8: upgrade",
    head("GET / HTTP/1.1", `${HOST}Connection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n`),
    { upgrade: "WebSocket" },
  ],
  ["RFC 9110 §7.8: not listed", head("GET / HTTP/1.1", `${HOST}Upgrade: websocket\r\n`), {
    upgrade: undefined,
  }],
  [
    "RFC 9110 §7.8: over HTTP/1.0",
    head("GET / HTTP/1.0", `${HOST}Connection: upgrade\r\nUpgrade: websocket\r\n`),
    { upgrade: undefined },
  ],
  [
    "RFC 9113 §3.1: h2c",
    head(
      "GET / HTTP/1.1",
      `${HOST}Connection: upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\n`,
    ),
    { upgrade: undefined },
  ],
  [
    "RFC 2817: TLS within",
    head("GET / HTTP/1.1", `${HOST}Connection: upgrade\r\nUpgrade: TLS/1.2, tls\r\n`),
    { upgrade: undefined },
  ],
  [
    "RFC 9113 §3.1: h2c and another",
    head("GET / HTTP/1.1", `${HOST}Connection: upgrade\r\nUpgrade: h2c, websocket\r\n`),
    { upgrade: "websocket" },
  ],
  [
    "an upgrade with a body",
    head(
      "POST / HTTP/1.1",
      `${HOST}Connection: upgrade\r\nUpgrade: websocket\r\nContent-Length: 1\r\n`,
    ),
    { upgrade: undefined },
  ],
];

for (const [rule, text, fields] of TAKEN) {
  Deno.test(`parseRequest: takes ${rule}`, () => {
    const result = parseRequest(text);
    assert.equal(result.kind, "request", JSON.stringify(result));
    for (const [name, value] of Object.entries(fields)) {
      assert.deepEqual(result[name as keyof typeof result], value, name);
    }
  });
}
