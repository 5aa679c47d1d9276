import assert from "node:assert/strict";
import { Failure } from "../../lib/base/failures.ts";
import type { Exchange } from "../../lib/http/exchange.ts";
import { readExchange, type RequestOrigin } from "../../lib/http/read_exchange.ts";
import { makeBody } from "../support/exchanges.ts";
import { Random } from "../support/random.ts";

const CLIENT = { ip: "192.0.2.1", port: 50_000 };
const H1: RequestOrigin = { client: CLIENT, scheme: "https", httpVersion: "1.1" };
const H2: RequestOrigin = { client: CLIENT, scheme: "https", httpVersion: "2" };

interface Raw {
  readonly method?: string;
  readonly url?: string;
  readonly headers?: Record<string, string>;
  readonly body?: ReadableStream<Uint8Array> | null;
  readonly signal?: AbortSignal;
}

/** A request as the runtime's server makes it: its URL is raw, which `new Request` would not allow. */
function makeRequest({ method = "GET", url, headers, body, signal }: Raw): Request {
  const isBodiless = method === "GET" || method === "HEAD";
  return {
    method,
    url: url ?? "https://app.example.org/",
    headers: new Headers(headers ?? { host: "app.example.org" }),
    body: body ?? (isBodiless ? null : makeBody().stream),
    signal: signal ?? new AbortController().signal,
  } as unknown as Request;
}

function read(raw: Raw, origin: RequestOrigin = H1): Exchange {
  const result = readExchange(makeRequest(raw), origin);
  if (result.kind === "refused") throw new Error(`${result.status} ${result.reason}`);
  return result.exchange;
}

const refusal = (raw: Raw, origin: RequestOrigin = H1) => {
  const result = readExchange(makeRequest(raw), origin);
  return result.kind === "refused" ? `${result.status} ${result.reason}` : "served";
};

const TARGETS: readonly [url: string, target: string][] = [
  ["https://app.example.org/", "/"],
  ["https://app.example.org", "/"],
  ["https://app.example.org?x", "/?x"],
  ["https://app.example.org/a%2Fb//c/./../d?x", "/a%2Fb//c/./../d?x"],
  ["https://app.example.org/?a=1;b=2&c=%zz&d=%ff&+x", "/?a=1;b=2&c=%zz&d=%ff&+x"],
  ["https://app.example.org//evil.example/", "//evil.example/"],
  ["https://app.example.org/\\..\\x", "/\\..\\x"],
  ["https://app.example.org/a?b://c", "/a?b://c"],
  ["https://app.example.org/a#fragment", "/a"],
  ["https://app.example.org/*", "/*"],
];
for (const [url, target] of TARGETS) {
  Deno.test(`readExchange: RFC 9112 §3.2, the target of ${url} stays raw: ${target}`, () => {
    const exchange = read({ url });
    assert.equal(exchange.target, target);
    assert.equal(exchange.authority, "app.example.org");
  });
}

const HOSTS: readonly [authority: string, hostname: string | undefined][] = [
  ["app.example.org", "app.example.org"],
  ["APP.Example.org:8443", "app.example.org"],
  ["app.example.org.:443", "app.example.org"],
  ["app.example.org:", "app.example.org"],
  ["my_app.example.org", "my_app.example.org"],
  ["192.0.2.7", undefined],
  ["[2001:db8::1]:443", undefined],
  ["a,b", undefined],
  ["a%2eb", undefined],
];
for (const [authority, hostname] of HOSTS) {
  Deno.test(`readExchange: the hostname of ${authority} is ${hostname}`, () => {
    const exchange = read({ url: `https://${authority}/`, headers: { host: authority } });
    assert.equal(exchange.authority, authority);
    assert.equal(exchange.hostname, hostname);
  });
}

const BAD_HOSTS = [
  "",
  " ",
  "a b",
  "u@app",
  "app:pw@b",
  "a/b",
  "a?b",
  "a#b",
  "a\\b",
  "b\xfccher",
  "a\tb",
]
  .concat(["::1", "[::1", "app:443:1", "app:x", "app:123456", '"app"', "<app>", ":443", "a\x01b"]);

Deno.test("readExchange: RFC 9112 §3.2, a Host that is none is 400", () => {
  for (const host of BAD_HOSTS) {
    // The runtime puts an address of its own into the URL when it cannot use the Host.
    for (const authority of [host, "localhost:8443"]) {
      const headers = { host };
      // Values whose spaces `Headers` would take off cannot be asked for in this way.
      if (new Headers(headers).get("host") !== host) continue;
      const raw = { url: `https://${authority}/`, headers };
      assert.equal(refusal(raw), "400 unusable Host", JSON.stringify(raw));
    }
    // With a delimiter it would be another URL; the runtime takes no such `:authority`.
    if (/[/?#]/.test(host)) continue;
    const answer = refusal({ url: `https://${host}/`, headers: {} }, H2);
    assert.notEqual(answer, "served", JSON.stringify(host));
  }
});

Deno.test("readExchange: RFC 9112 §3.2, HTTP/1.1 without Host is 400, HTTP/2 has :authority", () => {
  assert.equal(refusal({ headers: {} }, H1), "400 no Host");
  assert.equal(read({ headers: {} }, H2).authority, "app.example.org");
});

Deno.test("readExchange: RFC 9112 §3.2.2, the target's authority wins over Host", () => {
  const raw = { url: "http://other.example.org/x", headers: { host: "app.example.org" } };
  const exchange = read(raw);
  assert.equal(exchange.authority, "other.example.org");
  assert.equal(exchange.hostname, "other.example.org");
  assert.equal(exchange.target, "/x");
});

Deno.test("readExchange: RFC 9113 §8.3.1, Host that differs from :authority is 400", () => {
  const ask = (host: string) => refusal({ url: "https://app.example.org/", headers: { host } }, H2);
  assert.equal(ask("other.example.org"), "400 Host and :authority differ");
  assert.equal(ask("app.example.org:443"), "400 Host and :authority differ");
  assert.equal(ask("a b"), "400 unusable Host");
  assert.equal(ask("APP.example.org"), "served");
});

Deno.test("readExchange: CONNECT is 405", () => {
  const raw = { method: "CONNECT", url: "https://app.example.org:443" };
  assert.equal(refusal(raw), "405 CONNECT is not served");
  assert.equal(refusal({ ...raw, headers: {} }, H2), "405 CONNECT is not served");
});

Deno.test("readExchange: any other method passes as it is", () => {
  for (const method of ["GET", "PROPFIND", "gEt", "M-SEARCH", "TRACE"]) {
    assert.equal(read({ method }).method, method);
  }
});

const FRAMINGS: readonly [headers: Record<string, string>, answer: string][] = [
  [{ "transfer-encoding": "gzip, chunked" }, "501 transfer coding is not implemented"],
  [{ "transfer-encoding": "gzip" }, "501 transfer coding is not implemented"],
  [{ "transfer-encoding": "Chunked" }, "served"],
  [{ "content-length": "5, 5" }, "400 Content-Length is not a number"],
  [{ "content-length": "+5" }, "400 Content-Length is not a number"],
  [{ "content-length": "" }, "400 Content-Length is not a number"],
  [{ "content-length": "5" }, "served"],
];
for (const [headers, answer] of FRAMINGS) {
  Deno.test(`readExchange: RFC 9112 §6, ${JSON.stringify(headers)} is ${answer}`, () => {
    const host = "app.example.org";
    assert.equal(refusal({ method: "POST", headers: { host, ...headers } }), answer);
  });
}

Deno.test("readExchange: a body that the runtime would drop is 400 and not lost silently", () => {
  const host = "app.example.org";
  for (const method of ["GET", "HEAD"]) {
    const ask = (headers: Record<string, string>) =>
      refusal({ method, headers: { host, ...headers } });
    assert.equal(ask({ "content-length": "5" }), `400 ${method} with a body is not served`);
    assert.equal(
      ask({ "transfer-encoding": "chunked" }),
      `400 ${method} with a body is not served`,
    );
    assert.equal(ask({ "content-length": "0" }), "served");
  }
});

Deno.test("readExchange: RFC 9112 §6.3, the body has a length, chunks, or is not there", async () => {
  const host = "app.example.org";
  const body = makeBody("hello");
  const sized = read({
    method: "POST",
    headers: { host, "content-length": "5" },
    body: body.stream,
  });
  assert.equal(sized.body?.length, 5);
  assert.equal(sized.body?.stream, body.stream, "passed on as it is");
  const empty = read({ method: "POST", headers: { host, "content-length": "0" } });
  assert.equal(empty.body?.length, 0);
  assert.equal(read({ method: "POST", headers: { host } }).body, undefined);
  assert.equal(read({ method: "GET", headers: { host } }).body, undefined);
  const chunked = read({
    method: "POST",
    headers: { host, "transfer-encoding": "chunked" },
    body: makeBody("he", "llo").stream,
  });
  assert.equal(chunked.body?.length, undefined);
  assert.equal(await new Response(chunked.body?.stream as BodyInit).text(), "hello");
  const h2 = read({ method: "POST", headers: {}, body: makeBody("hello").stream }, H2);
  assert.equal(await new Response(h2.body?.stream as BodyInit).text(), "hello");
});

Deno.test("readExchange: a stream that was reset is not a whole body", async () => {
  const abort = new AbortController();
  const body = makeBody("half");
  const { body: passed } = read({ method: "POST", body: body.stream, signal: abort.signal }, H2);
  const reader = passed!.stream.getReader();
  assert.equal(new TextDecoder().decode((await reader.read()).value), "half");
  // The runtime ends the stream as if it were whole, and has aborted the signal by then.
  abort.abort();
  await assert.rejects(
    reader.read(),
    (error) => error instanceof Failure && error.kind === "client_gone",
  );
});

Deno.test("readExchange: a body is not read before somebody asks, and can be given up", async () => {
  const body = makeBody("half");
  const { body: passed } = read({ method: "POST", headers: {}, body: body.stream }, H2);
  await Promise.resolve();
  assert.equal(body.reads, 0);
  assert.equal(body.stream.locked, false);
  await passed!.stream.cancel();
  assert.ok(body.isCancelled);
});

Deno.test("readExchange: carries on what it was told", () => {
  const { client, scheme, httpVersion, headers } = read({ headers: { B: "2", host: "a", a: "1" } });
  assert.deepEqual({ client, scheme, httpVersion }, H1);
  assert.deepEqual(headers, [["a", "1"], ["b", "2"], ["host", "a"]]);
  assert.equal(read({}, { ...H1, scheme: "http" }).scheme, "http");
});

const SEED = 20260106;
Deno.test(`readExchange: any Host gives an exchange or a refusal, and only ASCII passes, seed ${SEED}`, () => {
  const random = new Random(SEED);
  const alphabet = [..."aZ0.-_:[]@/?#%\\,*\x7f\xe9 !"];
  const counts = { exchange: 0, refused: 0 };
  for (let round = 0; round < 20_000; round++) {
    const host = Array.from({ length: random.below(7) }, () => random.pick(alphabet)).join("");
    const origin = random.pick([H1, H2]);
    const url = `https://${host}/${random.pick(["", "?", "#", "//"])}`;
    const result = readExchange(makeRequest({ url, headers: { host } }), origin);
    counts[result.kind]++;
    if (result.kind === "refused") continue;
    assert.match(result.exchange.authority, /^[!-~]+$/);
    assert.doesNotMatch(result.exchange.authority, /[@/?#\\]/);
    assert.match(result.exchange.target, /^\//);
  }
  assert.ok(counts.exchange > 500 && counts.refused > 500, JSON.stringify(counts));
});
