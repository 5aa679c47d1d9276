import assert from "node:assert/strict";
import { TARGET_MAX_BYTES } from "../../../lib/base/limits.ts";
import { readRequestFields, readRequestTrailers } from "../../../lib/http/http2/request_fields.ts";
import { findFieldFault } from "../../../lib/http/http2/field_grammar.ts";
import type { HeaderLine } from "../../../lib/http/message.ts";
import { Random } from "../../support/random.ts";

const HOST = "app.example.org";
const METHOD: HeaderLine = [":method", "GET"];
const SCHEME: HeaderLine = [":scheme", "https"];
const AUTHORITY: HeaderLine = [":authority", HOST];
const PATH: HeaderLine = [":path", "/a?b"];
const GOOD: readonly HeaderLine[] = [METHOD, SCHEME, AUTHORITY, PATH];

/** Says in a few words what becomes of fields, with and without a body. */
function judge(fields: readonly HeaderLine[], endsStream = true): string {
  const areSound = fields.every((field) => findFieldFault(field) === undefined);
  const result = readRequestFields(fields, endsStream);
  assert.deepEqual(readRequestFields(fields, endsStream, { areSound }), result);
  if (result.kind === "request") return "request";
  return result.kind === "refused" ? `${result.status} ${result.reason}` : "malformed";
}

function read(fields: readonly HeaderLine[], endsStream = true) {
  const result = readRequestFields(fields, endsStream);
  assert.equal(result.kind, "request", JSON.stringify(result));
  if (result.kind !== "request") throw new Error("no request");
  return result;
}

Deno.test("readRequestFields: what a request says", () => {
  const fields: HeaderLine[] = [...GOOD, ["user-agent", "x"], ["x-a", ""], ["x-a", "2"]];
  assert.deepEqual(read(fields), {
    kind: "request",
    method: "GET",
    target: "/a?b",
    authority: HOST,
    headers: [["user-agent", "x"], ["x-a", ""], ["x-a", "2"]],
    contentLength: undefined,
    expectsContinue: false,
  });
});

Deno.test("readRequestFields: lines are passed on, not copied", () => {
  const line: HeaderLine = ["x-a", "1"];
  assert.ok(read([...GOOD, line]).headers[0] === line);
});

/** RFC 9113 §8.1.1. */
const MALFORMED: readonly (readonly [what: string, fields: readonly HeaderLine[]])[] = [
  ["§8.2.1: an upper-case name", [...GOOD, ["X-A", "1"]]],
  ["§8.2.1: an empty name", [...GOOD, ["", "1"]]],
  ["§8.2.1: a space in a name", [...GOOD, ["x a", "1"]]],
  ["§8.2.1: a colon in a name", [...GOOD, ["x:a", "1"]]],
  ["§8.2.1: CRLF in a name", [...GOOD, ["x: 1\r\ny", "1"]]],
  ["§8.2.1: a byte over 0x7f in a name", [...GOOD, ["x\xe9", "1"]]],
  ["§8.2.1: NUL in a value", [...GOOD, ["x", "a\0b"]]],
  ["§8.2.1: CR in a value", [...GOOD, ["x", "a\rb"]]],
  ["§8.2.1: LF in a value", [...GOOD, ["x", "a\nb"]]],
  ["§8.2.1: DEL in a value", [...GOOD, ["x", "a\x7fb"]]],
  ["§8.2.1: a control character in a value", [...GOOD, ["x", "a\x01b"]]],
  ["§8.2.1: a space before a value", [...GOOD, ["x", " a"]]],
  ["§8.2.1: a tab behind a value", [...GOOD, ["x", "a\t"]]],
  ["§8.2.1: CRLF in :path", [METHOD, SCHEME, AUTHORITY, [":path", "/ HTTP/1.1\r\nx: y"]]],
  ["§8.2.1: NUL in :authority", [METHOD, SCHEME, [":authority", `${HOST}\0`], PATH]],
  ["§8.2.1: a space behind :path", [METHOD, SCHEME, AUTHORITY, [":path", "/ "]]],
  ["§8.2.2: connection", [...GOOD, ["connection", "close"]]],
  ["§8.2.2: keep-alive", [...GOOD, ["keep-alive", "timeout=5"]]],
  ["§8.2.2: proxy-connection", [...GOOD, ["proxy-connection", "close"]]],
  ["§8.2.2: transfer-encoding", [...GOOD, ["transfer-encoding", "chunked"]]],
  ["§8.2.2: upgrade", [...GOOD, ["upgrade", "websocket"]]],
  ["§8.2.2: te: gzip", [...GOOD, ["te", "gzip"]]],
  ["§8.2.2: te: trailers and more", [...GOOD, ["te", "trailers, gzip"]]],
  ["§8.2.2: an empty te", [...GOOD, ["te", ""]]],
  ["§8.3: :status", [...GOOD, [":status", "200"]]],
  ["§8.3: an unknown pseudo-field", [...GOOD, [":evil", "1"]]],
  ["§8.3: a nameless pseudo-field", [...GOOD, [":", "1"]]],
  ["§8.3: :protocol, which is not offered (RFC 8441)", [...GOOD, [":protocol", "websocket"]]],
  ["§8.3: :path behind a field", [METHOD, SCHEME, AUTHORITY, ["x", "y"], PATH]],
  ["§8.3: :path behind a cookie", [METHOD, SCHEME, AUTHORITY, ["cookie", "y"], PATH]],
  ["§8.3: an upper-case pseudo-field", [...GOOD, [":Path", "/"]]],
  ["§8.3.1: no fields at all", []],
  ["§8.3.1: no :method", [SCHEME, AUTHORITY, PATH]],
  ["§8.3.1: no :scheme", [METHOD, AUTHORITY, PATH]],
  ["§8.3.1: no :path", [METHOD, SCHEME, AUTHORITY]],
  ["§8.3.1: two of :method", [METHOD, ...GOOD]],
  ["§8.3.1: two of :scheme", [SCHEME, ...GOOD]],
  ["§8.3.1: two of :authority", [AUTHORITY, ...GOOD]],
  ["§8.3.1: two of :path", [PATH, ...GOOD]],
  ["§8.3.1: an empty :method", [[":method", ""], SCHEME, AUTHORITY, PATH]],
  ["§8.3.1: a space in :method", [[":method", "G T"], SCHEME, AUTHORITY, PATH]],
  ["§8.3.1: an empty :path", [METHOD, SCHEME, AUTHORITY, [":path", ""]]],
  ["§8.3.1: an absolute :path", [METHOD, SCHEME, AUTHORITY, [":path", "https://evil.example/"]]],
  ["§8.3.1: :path without a slash", [METHOD, SCHEME, AUTHORITY, [":path", "?a"]]],
  ["§8.3.1: * with GET", [METHOD, SCHEME, AUTHORITY, [":path", "*"]]],
  ["§8.3.1: more than * with OPTIONS", [
    [":method", "OPTIONS"],
    SCHEME,
    AUTHORITY,
    [":path", "*a"],
  ]],
  ["§8.1.1: a length and no body", [...GOOD, ["content-length", "1"]]],
  ["§8.1.1: lengths that differ", [...GOOD, ["content-length", "0"], ["content-length", "00"]]],
];
const LENGTHS = ["", "+5", "-1", "5x", "0x5", "5, 5", "1e3", "1.0", "9".repeat(16)];

for (const [what, fields] of MALFORMED) {
  Deno.test(`readRequestFields: RFC 9113 ${what} is malformed`, () => {
    assert.equal(judge(fields), "malformed");
    if (!what.includes("no body")) assert.equal(judge(fields, false), "malformed");
  });
}
for (const length of LENGTHS) {
  Deno.test(`readRequestFields: content-length "${length}" is malformed`, () => {
    assert.equal(judge([...GOOD, ["content-length", length]], false), "malformed");
  });
}

const withPath = (path: string): HeaderLine[] => [METHOD, SCHEME, AUTHORITY, [":path", path]];
const withAuthority = (authority: string): HeaderLine[] => [
  ...[METHOD, SCHEME, PATH],
  [":authority", authority],
];
const CONNECT: HeaderLine = [":method", "CONNECT"];
const REFUSED: readonly (readonly [answer: string, fields: readonly HeaderLine[]])[] = [
  ["405 CONNECT is not served", [CONNECT, [":authority", `${HOST}:443`]]],
  ["405 CONNECT is not served", [CONNECT, SCHEME, AUTHORITY, PATH]],
  ["405 CONNECT is not served", [CONNECT]],
  ["414 the target is too long", withPath(`/${"a".repeat(TARGET_MAX_BYTES)}`)],
  ["400 the target holds other than visible ASCII", withPath("/a b")],
  ["400 the target holds other than visible ASCII", withPath("/a HTTP/1.1")],
  ["400 the target holds other than visible ASCII", withPath("/a\tb")],
  ["400 the target holds other than visible ASCII", withPath("/\xe9")],
  ["400 the target has a fragment", withPath("/a#b")],
  ["400 unknown :scheme", [METHOD, [":scheme", "ftp"], AUTHORITY, PATH]],
  ["400 unknown :scheme", [METHOD, [":scheme", ""], AUTHORITY, PATH]],
  ["400 neither :authority nor Host", [METHOD, SCHEME, PATH]],
  ["400 unusable :authority", withAuthority("")],
  ["400 unusable :authority", withAuthority(`user@${HOST}`)],
  ["400 unusable :authority", withAuthority(`${HOST}/x`)],
  ["400 unusable :authority", withAuthority("a b")],
  ["400 unusable :authority", withAuthority("b\xfccher.example")],
  ["400 unusable Host", [METHOD, SCHEME, PATH, ["host", "a,b\\"]]],
  ["400 unusable Host", [METHOD, SCHEME, PATH, ["host", ""]]],
  ["400 Host and :authority differ", [...GOOD, ["host", "other.example.org"]]],
  ["400 Host and :authority differ", [...GOOD, ["host", `${HOST}:443`]]],
  ["400 Host and :authority differ", [...GOOD, ["host", ""]]],
  ["400 more than one Host", [...GOOD, ["host", HOST], ["host", HOST]]],
  ["400 Content-Length is repeated", [...GOOD, ["content-length", "0"], ["content-length", "0"]]],
  ["417 unknown expectation", [...GOOD, ["expect", "a-miracle"]]],
  ["417 unknown expectation", [...GOOD, ["expect", "100-continue"], ["expect", "x"]]],
];
for (const [answer, fields] of REFUSED) {
  const what = JSON.stringify(fields).slice(0, 120);
  Deno.test(`readRequestFields: ${answer}: ${what}`, () => assert.equal(judge(fields), answer));
}

Deno.test("readRequestFields: what is malformed is not answered, whatever else it is", () => {
  const both: HeaderLine[] = [...GOOD, ["expect", "a-miracle"], ["host", "other"], ["te", "x"]];
  assert.equal(judge(both), "malformed");
  assert.equal(judge([...withPath("/a b"), ["content-length", "1"]]), "malformed");
});

Deno.test("readRequestFields: a target stays raw, and any method passes as it is", () => {
  const paths = [
    "/",
    "//evil.example/x",
    "/a%2Fb//c/./../d?x",
    "/?a=1;b=2&c=%zz",
    "/\\..\\x",
    "/*",
  ];
  const longest = `/${"a".repeat(TARGET_MAX_BYTES - 1)}`;
  for (const path of [...paths, longest]) assert.equal(read(withPath(path)).target, path);
  for (const method of ["GET", "gEt", "PROPFIND", "M-SEARCH", "TRACE", "PRI"]) {
    assert.equal(read([[":method", method], SCHEME, AUTHORITY, PATH]).method, method);
  }
  const asked: HeaderLine[] = [[":method", "OPTIONS"], SCHEME, AUTHORITY, [":path", "*"]];
  assert.equal(read(asked).target, "*");
  assert.equal(judge([METHOD, [":scheme", "http"], AUTHORITY, PATH]), "request");
});

Deno.test("readRequestFields: the order of pseudo-fields is free", () => {
  assert.deepEqual(read(GOOD.toReversed()), read(GOOD));
});

Deno.test("readRequestFields: RFC 9113 §8.3.1, Host says the same, or is the authority", () => {
  const upper: HeaderLine = ["host", HOST.toUpperCase()];
  for (const host of [["host", HOST] as const, upper]) {
    const { authority, headers } = read([...GOOD, ["x", "y"], host]);
    assert.deepEqual([authority, headers], [HOST, [["x", "y"]]]);
  }
  const { authority, headers } = read([METHOD, SCHEME, PATH, ["host", `${HOST}:8443`]]);
  assert.deepEqual([authority, headers], [`${HOST}:8443`, []]);
});

Deno.test("readRequestFields: RFC 9113 §8.2.3, cookies are one line, in place of the first", () => {
  const crumbs: HeaderLine[] = [
    ["x-a", "1"],
    ["cookie", "a=1"],
    ["x-b", "2"],
    ["cookie", "b=2; c=3"],
    ["cookie", ""],
    ["cookie", "d=4"],
  ];
  const { headers } = read([...GOOD, ...crumbs]);
  const whole = "a=1; b=2; c=3; d=4";
  assert.deepEqual(headers, [["x-a", "1"], ["cookie", whole], ["x-b", "2"]]);
  assert.equal(crumbs[1][1], "a=1");
  assert.ok(read([...GOOD, crumbs[1]]).headers[0] === crumbs[1]);
  const empty: HeaderLine = ["cookie", ""];
  for (const around of [[empty, crumbs[1]], [crumbs[1], empty]]) {
    assert.deepEqual(read([...GOOD, ...around]).headers, [["cookie", "a=1"]]);
  }
  assert.deepEqual(read([...GOOD, empty, empty]).headers, [empty]);
});

Deno.test("readRequestFields: a length is passed on, with and without a body", () => {
  const sized = (length: string): HeaderLine[] => [...GOOD, ["content-length", length]];
  assert.equal(read(sized("5"), false).contentLength, 5);
  assert.deepEqual(read(sized("5"), false).headers, [["content-length", "5"]]);
  assert.equal(read(sized("0")).contentLength, 0);
  assert.equal(read(sized("999999999999999"), false).contentLength, 999_999_999_999_999);
});

const EXPECTATIONS: readonly (readonly [string, HeaderLine[], boolean, boolean])[] = [
  ["with a body", [["expect", "100-continue"]], false, true],
  ["in any case", [["expect", "100-Continue"]], false, true],
  ["without a body", [["expect", "100-continue"]], true, false],
  ["of no bytes", [["expect", "100-continue"], ["content-length", "0"]], false, false],
  ["of some bytes", [["expect", "100-continue"], ["content-length", "9"]], false, true],
  ["unsaid", [], false, false],
];
for (const [what, fields, endsStream, expected] of EXPECTATIONS) {
  Deno.test(`readRequestFields: RFC 9110 §10.1.1, an expectation ${what}`, () => {
    const request = read([...GOOD, ...fields], endsStream);
    assert.equal(request.expectsContinue, expected);
    assert.deepEqual(request.headers, fields);
  });
}

Deno.test("readRequestFields: te: trailers is well-formed", () => {
  for (const value of ["trailers", "Trailers"]) {
    assert.equal(judge([...GOOD, ["te", value]]), "request");
  }
});

const TRAILERS: readonly (readonly [fields: readonly HeaderLine[], kind: string])[] = [
  [[], "trailers"],
  [[["x-sum", "1"], ["x-sum", "\xe9"]], "trailers"],
  // What may not be passed on is left out where it is written, as over HTTP/1.1.
  [[["content-length", "5"]], "trailers"],
  [[[":path", "/"]], "malformed"],
  [[[":status", "200"]], "malformed"],
  [[["X-Sum", "1"]], "malformed"],
  [[["x-sum", "a\nb"]], "malformed"],
  [[["transfer-encoding", "chunked"]], "malformed"],
];
for (const [fields, kind] of TRAILERS) {
  Deno.test(`readRequestTrailers: RFC 9113 §8.1, ${JSON.stringify(fields)} is ${kind}`, () => {
    const result = readRequestTrailers(fields);
    assert.equal(result.kind, kind);
    if (result.kind === "trailers") assert.deepEqual(result.trailers, fields);
    const areSound = fields.every((field) => findFieldFault(field) === undefined);
    assert.deepEqual(readRequestTrailers(fields, { areSound }), result);
  });
}

const SEED = 20_261_121;
Deno.test(`readRequestFields: any fields are a request that HTTP/1.1 could say, or none, seed ${SEED}`, () => {
  const random = new Random(SEED);
  const names = [
    "x-a",
    "host",
    "cookie",
    "te",
    "content-length",
    "expect",
    "X",
    ":path",
    "",
    "a b",
  ];
  const values = ["a", "", HOST, "trailers", "100-continue", "5", "0", "a\nb", " a", "\xe9", "/"];
  const paths = ["/", "*", "", "/a b", "/\xff", "/a#", "a", "/\t", "/\r\n", "//"];
  const hosts = [HOST, "", "a b", "u@a", "[::1]:443", "a\\b", "A.example", "a/b"];
  const counts = { request: 0, refused: 0, malformed: 0 };
  for (let round = 0; round < 30_000; round++) {
    const oneIn = (chances: number) => random.below(chances) === 0;
    const fields: HeaderLine[] = [
      [":method", oneIn(6) ? random.pick(["", "CONNECT", "OPTIONS", "G\n"]) : "GET"],
      [":scheme", oneIn(9) ? random.pick(values) : "https"],
      [":authority", oneIn(3) ? random.pick(hosts) : HOST],
      [":path", oneIn(3) ? random.pick(paths) : "/"],
    ];
    if (oneIn(8)) fields.splice(random.below(4), 1);
    for (let count = random.below(4); count > 0; count--) {
      fields.push([random.pick(names), random.pick(values)]);
    }
    const endsStream = oneIn(2);
    const result = readRequestFields(fields, endsStream);
    counts[result.kind]++;
    if (result.kind !== "request") continue;
    assert.match(result.method, /^[A-Z]+$/);
    assert.match(result.target, /^(?:\/[!-~]*|\*)$/);
    assert.match(result.authority, /^[!-~]+$/);
    for (const [name, value] of result.headers) {
      assert.match(name, /^[!-9;-@[-~]+$/);
      assert.doesNotMatch(value, /[\r\n\0]|^[ \t]|[ \t]$/);
      assert.notEqual(name, "host");
    }
    assert.ok(!endsStream || (result.contentLength ?? 0) === 0);
  }
  for (const count of Object.values(counts)) assert.ok(count > 2_000, JSON.stringify(counts));
});
