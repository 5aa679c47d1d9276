import assert from "node:assert/strict";
import { hasPassed, upstreamRequestHeaders, withoutHopByHop } from "../../lib/http/headers.ts";
import type { HeaderLine } from "../../lib/http/message.ts";
import { makeExchange } from "../support/exchanges.ts";
import { Random } from "../support/random.ts";

const names = (headers: readonly HeaderLine[]) => headers.map(([name]) => name);

/** Values of one field of what the upstream gets. */
function sent(headers: readonly HeaderLine[], name: string, fields = {}): string[] {
  return upstreamRequestHeaders(makeExchange({ headers, ...fields }), "postern-test")
    .filter(([each]) => each.toLowerCase() === name.toLowerCase())
    .map(([, value]) => value);
}

Deno.test("withoutHopByHop: RFC 9110 §7.6.1, fields of one connection go", () => {
  const gone = [
    "Connection",
    "Keep-Alive",
    "Proxy-Connection",
    "TE",
    "Transfer-Encoding",
    "Upgrade",
    "HTTP2-Settings",
    "Expect",
    "Proxy-Authenticate",
    "Proxy-Authorization",
  ];
  for (const name of gone) {
    for (const spelling of [name, name.toLowerCase(), name.toUpperCase()]) {
      assert.deepEqual(withoutHopByHop([[spelling, "x"], ["X-Kept", "1"]]), [["X-Kept", "1"]]);
    }
  }
});

const NOMINATED: Record<string, [headers: HeaderLine[], kept: string[]]> = {
  "one token": [[["Connection", "X-Hop"], ["X-Hop", "1"], ["X-Kept", "1"]], ["X-Kept"]],
  "several, any case and space": [
    [["connection", " close ,\tX-ONE,x-Two"], ["x-one", "1"], ["X-two", "1"], ["a", ""]],
    ["a"],
  ],
  "several Connection lines": [
    [["X-One", "1"], ["Connection", "x-one"], ["Connection", "x-two"], ["X-Two", "1"]],
    [],
  ],
  "empty members": [[["Connection", ""], ["Connection", ",, ,"], ["X-Kept", "1"]], ["X-Kept"]],
  "every line of a nominated field": [[["Connection", "a"], ["A", "1"], ["a", "2"]], []],
  "a token is a whole name": [[["Connection", "x-ho"], ["X-Hop", "1"]], ["X-Hop"]],
  "framing and routing stay": [
    [["Connection", "host, content-length"], ["Host", "a"], ["Content-Length", "1"]],
    ["Host", "Content-Length"],
  ],
};
for (const [name, [headers, kept]] of Object.entries(NOMINATED)) {
  Deno.test(`withoutHopByHop: RFC 9110 §7.6.1, fields named in Connection go: ${name}`, () => {
    assert.deepEqual(names(withoutHopByHop(headers)), kept);
  });
}

Deno.test("withoutHopByHop: RFC 9110 §5.3, order, case, duplicates and values stay", () => {
  const headers: HeaderLine[] = [
    ["Set-Cookie", "a=1"],
    ["x-Multi", "2"],
    ["SET-COOKIE", "b=2"],
    ["X-Multi", "1"],
    ["X-Latin1", "\xe9"],
    ["X-Empty", ""],
  ];
  assert.deepEqual(withoutHopByHop(headers), headers);
});

Deno.test("upstreamRequestHeaders: RFC 9110 §7.2, Host is the authority, once and first", () => {
  const headers: HeaderLine[] = [["Accept", "*/*"], ["Host", "other.example.org"], ["host", "x"]];
  const lines = upstreamRequestHeaders(
    makeExchange({ headers, authority: "App.example.org:8443" }),
    "postern-test",
  );
  assert.deepEqual(lines[0], ["Host", "App.example.org:8443"]);
  assert.equal(names(lines).filter((name) => name.toLowerCase() === "host").length, 1);
});

Deno.test("upstreamRequestHeaders: tells the client, the scheme and the host", () => {
  const cases = [
    [{}, "X-Forwarded-For", "192.0.2.1"],
    [{}, "X-Real-IP", "192.0.2.1"],
    [{}, "X-Forwarded-Proto", "https"],
    [{ scheme: "http" }, "X-Forwarded-Proto", "http"],
    [{ authority: "App.example.org:8443" }, "X-Forwarded-Host", "App.example.org:8443"],
    [{ client: { ip: "2001:db8::1", port: 1 } }, "X-Forwarded-For", "2001:db8::1"],
    [{ client: { ip: "2001:db8::1", port: 1 } }, "X-Real-IP", "2001:db8::1"],
  ] as const;
  for (const [fields, name, value] of cases) assert.deepEqual(sent([], name, fields), [value]);
});

Deno.test("upstreamRequestHeaders: RFC 7239 §4 and §6, Forwarded quotes what is no token", () => {
  const cases = [
    [{}, "for=192.0.2.1;host=app.example.org;proto=https"],
    [{ scheme: "http" }, "for=192.0.2.1;host=app.example.org;proto=http"],
    [
      { client: { ip: "2001:db8::1", port: 1 }, authority: "app.example.org:8443" },
      'for="[2001:db8::1]";host="app.example.org:8443";proto=https',
    ],
    [{ authority: "[::1]:80" }, 'for=192.0.2.1;host="[::1]:80";proto=https'],
    [{ authority: "a(b)" }, 'for=192.0.2.1;host="a(b)";proto=https'],
  ] as const;
  for (const [fields, value] of cases) assert.deepEqual(sent([], "Forwarded", fields), [value]);
});

Deno.test("upstreamRequestHeaders: what the client says about itself is dropped, in any spelling", () => {
  const forged = [
    "X-Forwarded-For",
    "x-forwarded-for",
    "X-Forwarded-Host",
    "X-Forwarded-Proto",
    "X-Forwarded-Port",
    "X-Forwarded-Server",
    "X-Forwarded-Anything",
    "X-Real-IP",
    "Forwarded",
    // CGI and WSGI servers read these as the ones above.
    "X_Forwarded_For",
    "X.Forwarded.For",
    "X-Original!URL",
    "X-Forwarded_For",
    "x_real_ip",
    // What IIS, Symfony and Laminas have taken for the path that was asked for.
    "X-Original-URL",
    "x_rewrite_url",
  ];
  for (const name of forged) {
    const headers: HeaderLine[] = [[name, "203.0.113.66"], [name, "203.0.113.67"]];
    const lines = upstreamRequestHeaders(makeExchange({ headers }), "postern-test");
    assert.ok(lines.every(([, value]) => !value.includes("203.0.113.6")), name);
    assert.equal(lines.filter(([each]) => each.toLowerCase() === "x-forwarded-for").length, 1);
  }
  const others = ["X-Forwarder", "X-Realm", "Forwarded-By", "From", "X"];
  for (const name of others) assert.deepEqual(sent([[name, "kept"]], name), ["kept"]);
});

Deno.test("upstreamRequestHeaders: RFC 9110 §7.6.1, a client cannot have ours removed", () => {
  const ours = ["X-Forwarded-For", "X-Real-IP", "Forwarded", "Via", "Host", "X-Forwarded-Proto"];
  for (const name of ours) assert.equal(sent([["Connection", name]], name).length, 1, name);
});

Deno.test("upstreamRequestHeaders: RFC 9110 §7.6.3, Via grows by this hop and what it received", () => {
  assert.deepEqual(sent([], "Via"), ["1.1 postern-test"]);
  assert.deepEqual(sent([], "Via", { httpVersion: "2" }), ["2 postern-test"]);
  assert.deepEqual(
    sent([["Via", "1.0 fred, 1.1 p.example.net (a, b)"], ["via", "2 other"]], "Via"),
    ["1.0 fred, 1.1 p.example.net (a, b), 2 other, 1.1 postern-test"],
  );
});

Deno.test("upstreamRequestHeaders: RFC 9110 §10.1.5, no User-Agent is invented, nor anything else", () => {
  assert.deepEqual(names(upstreamRequestHeaders(makeExchange(), "postern-test")), [
    "Host",
    "X-Forwarded-For",
    "X-Forwarded-Proto",
    "X-Forwarded-Host",
    "X-Real-IP",
    "Forwarded",
    "Via",
  ]);
});

Deno.test("upstreamRequestHeaders: end-to-end fields pass as they are", () => {
  const headers: HeaderLine[] = [
    ["Cookie", "a=1; b=2"],
    ["Authorization", "Basic eA=="],
    ["Accept-Encoding", "br"],
    ["Range", "bytes=0-1"],
    ["Max-Forwards", "5"],
    ["X-Latin1", "\xe9"],
    ["Content-Length", "3"],
  ];
  const lines = upstreamRequestHeaders(makeExchange({ headers }), "postern-test");
  assert.deepEqual(lines.slice(1, 1 + headers.length), headers);
});

Deno.test("hasPassed: finds this process in Via, whatever stands around it", () => {
  const yes: HeaderLine[][] = [
    [["Via", "1.1 postern-test"]],
    [["via", "2 postern-test"]],
    [["Via", "1.0 fred,1.1 postern-test"]],
    [["Via", "1.0 fred"], ["Via", "HTTP/1.1   postern-test (comment)"]],
  ];
  const no: HeaderLine[][] = [
    [],
    [["Via", ""]],
    [["Via", "1.1 postern-test2"]],
    [["Via", "postern-test"]],
    [["Via", "1.1 other (postern-test)"]],
    [["X-Via", "1.1 postern-test"]],
  ];
  for (const headers of yes) assert.ok(hasPassed(headers, "postern-test"), String(headers));
  for (const headers of no) assert.ok(!hasPassed(headers, "postern-test"), String(headers));
});

Deno.test("hasPassed: knows what upstreamRequestHeaders wrote, also after another proxy", () => {
  const first = upstreamRequestHeaders(makeExchange(), "postern-test");
  const second = upstreamRequestHeaders(makeExchange({ headers: first }), "other");
  assert.ok(hasPassed(first, "postern-test") && hasPassed(second, "postern-test"));
  assert.ok(!hasPassed(first, "other"));
});

const SEED = 20260105;
Deno.test(`upstreamRequestHeaders: no forged field and no hop-by-hop field ever passes, seed ${SEED}`, () => {
  const random = new Random(SEED);
  const parts = ["connection", "x-forwarded-for", "forwarded", "x-real-ip", "te", "close", "host"];
  const word = () =>
    [...random.pick(parts)].map((letter) => {
      if (letter === "-" && random.below(3) === 0) return "_";
      return random.below(2) === 0 ? letter.toUpperCase() : letter;
    }).join("");
  for (let round = 0; round < 3_000; round++) {
    const headers = Array.from({ length: random.below(8) }, (): HeaderLine => [
      word(),
      Array.from({ length: random.below(4) }, word).join(random.pick([",", ", ", " , ", ",,"])) +
      "-forged",
    ]);
    const lines = upstreamRequestHeaders(makeExchange({ headers }), "postern-test");
    const forged = lines.filter(([name, value]) =>
      value.endsWith("-forged") && !["close"].includes(name.toLowerCase())
    );
    assert.deepEqual(forged, [], JSON.stringify(headers));
    assert.equal(lines.filter(([name]) => name.toLowerCase() === "host").length, 1);
  }
});
