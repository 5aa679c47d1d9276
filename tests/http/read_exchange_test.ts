import assert from "node:assert/strict";
import { Failure } from "../../lib/base/failures.ts";
import type { Exchange } from "../../lib/http/exchange.ts";
import { readExchange } from "../../lib/http/read_exchange.ts";
import { readText } from "../support/exchanges.ts";
import { Random } from "../support/random.ts";

const CLIENT = { ip: "192.0.2.1", port: 50_000 };

interface Raw {
  readonly method?: string;
  readonly url?: string;
  readonly headers?: Record<string, string>;
  readonly body?: ReadableStream<Uint8Array> | null;
  readonly signal?: AbortSignal;
}

/** A stream as the runtime's: each read gives a piece, and nothing is read ahead. */
function streamOf(...pieces: readonly string[]): ReadableStream<Uint8Array> {
  const left = [...pieces];
  return new ReadableStream({
    pull(controller) {
      const piece = left.shift();
      if (piece === undefined) controller.close();
      else controller.enqueue(new TextEncoder().encode(piece));
    },
  }, { highWaterMark: 0 });
}

/** A request as the runtime's server makes it: its URL is raw, which `new Request` would not allow. */
function makeRequest({ method = "GET", url, headers, body, signal }: Raw): Request {
  const isBodiless = method === "GET" || method === "HEAD";
  return {
    method,
    url: url ?? "https://app.example.org/",
    headers: new Headers(headers ?? { host: "app.example.org" }),
    body: body ?? (isBodiless ? null : streamOf()),
    signal: signal ?? new AbortController().signal,
  } as unknown as Request;
}

function read(raw: Raw): Exchange {
  const result = readExchange(makeRequest(raw), CLIENT);
  if (result.kind === "refused") throw new Error(`${result.status} ${result.reason}`);
  return result.exchange;
}

const refusal = (raw: Raw) => {
  const result = readExchange(makeRequest(raw), CLIENT);
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
  ["https://app.example.org?*", "/?*"],
];
for (const [url, target] of TARGETS) {
  Deno.test(`readExchange: RFC 9112 §3.2, the target of ${url} stays raw: ${target}`, () => {
    const exchange = read({ url });
    assert.equal(exchange.target, target);
    assert.equal(exchange.authority, "app.example.org");
  });
}

Deno.test("readExchange: the hostname of an authority is normalized, its port kept aside", () => {
  const exchange = read({ url: "https://APP.Example.org:8443/", headers: {} });
  assert.equal(exchange.authority, "APP.Example.org:8443");
  assert.equal(exchange.hostname, "app.example.org");
  assert.equal(read({ url: "https://[2001:db8::1]/", headers: {} }).hostname, undefined);
});

Deno.test("readExchange: RFC 9113 §8.3.1, an :authority that is none is 400", () => {
  // See authority_test.ts for all that is none.
  for (const host of ["", "a b", "u@app", "a\\b", "::1", "app:x", "b\xfccher"]) {
    const answer = refusal({ url: `https://${host}/`, headers: {} });
    assert.equal(answer, "400 unusable :authority", JSON.stringify(host));
  }
});

Deno.test("readExchange: RFC 9113 §8.3.1, Host that differs from :authority is 400, and need not be there", () => {
  const ask = (host: string) => refusal({ url: "https://app.example.org/", headers: { host } });
  for (const host of ["other.example.org", "app.example.org:443", "a b", ""]) {
    assert.equal(ask(host), "400 Host and :authority differ");
  }
  assert.equal(ask("APP.example.org"), "served");
  assert.equal(read({ headers: {} }).authority, "app.example.org");
});

Deno.test("readExchange: CONNECT is 405", () => {
  const raw = { method: "CONNECT", url: "https://app.example.org:443" };
  assert.equal(refusal(raw), "405 CONNECT is not served");
  assert.equal(refusal({ ...raw, headers: {} }), "405 CONNECT is not served");
});

Deno.test("readExchange: RFC 9113 §8.3.1, * is for OPTIONS, and no part of the host", () => {
  const asked = { url: "https://app.example.org:8443*", headers: { host: "app.example.org:8443" } };
  const { authority, target } = read({ ...asked, method: "OPTIONS" });
  assert.deepEqual([authority, target], ["app.example.org:8443", "*"]);
  assert.equal(refusal({ ...asked, method: "GET" }), "400 only OPTIONS may ask for *");
});

Deno.test("readExchange: any other method passes as it is", () => {
  for (const method of ["GET", "PROPFIND", "gEt", "M-SEARCH", "TRACE"]) {
    assert.equal(read({ method }).method, method);
  }
});

const FRAMINGS: readonly [headers: Record<string, string>, answer: string][] = [
  [{ "transfer-encoding": "gzip, chunked" }, "400 fields of HTTP/1.1 over HTTP/2"],
  [{ "transfer-encoding": "Chunked" }, "400 fields of HTTP/1.1 over HTTP/2"],
  [{ connection: "close" }, "400 fields of HTTP/1.1 over HTTP/2"],
  [{ upgrade: "websocket" }, "400 fields of HTTP/1.1 over HTTP/2"],
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
    assert.equal(ask({ "content-length": "0" }), "served");
  }
});

Deno.test("readExchange: the body has a length, or its end is the stream's, or is not there", async () => {
  const sized = read({
    method: "POST",
    headers: { "content-length": "5" },
    body: streamOf("hello"),
  });
  assert.equal(sized.body?.length, 5);
  assert.equal(await readText(sized), "hello");
  assert.equal(read({ method: "GET", headers: {} }).body, undefined);
  const open = read({ method: "POST", headers: {}, body: streamOf("he", "llo") });
  assert.equal(open.body?.length, undefined);
  assert.equal(await readText(open), "hello");
});

Deno.test("readExchange: a stream that was reset is not a whole body", async () => {
  const abort = new AbortController();
  const { body } = read({ method: "POST", body: streamOf("half"), signal: abort.signal });
  assert.equal(await body!.read(new Uint8Array(9)), 4);
  // The runtime ends the stream as if it were whole, and has aborted the signal by then.
  abort.abort();
  await assert.rejects(
    body!.read(new Uint8Array(9)),
    (error) => error instanceof Failure && error.kind === "client_gone",
  );
});

Deno.test("readExchange: nothing of HTTP/1.1's Expect is left, for no 100 can be sent", () => {
  const headers = { expect: "100-continue" };
  const { upgrade, expectsContinue, sendInterim } = read({ method: "POST", headers });
  assert.deepEqual({ upgrade, expectsContinue }, { upgrade: undefined, expectsContinue: false });
  sendInterim(103, []);
});

Deno.test("readExchange: carries on what it was told", () => {
  const { client, scheme, httpVersion, headers } = read({ headers: { B: "2", a: "1" } });
  assert.deepEqual({ client, scheme, httpVersion }, {
    client: CLIENT,
    scheme: "https",
    httpVersion: "2",
  });
  assert.deepEqual(headers, [["a", "1"], ["b", "2"]]);
});

const SEED = 20260106;
Deno.test(`readExchange: any :authority gives an exchange or a refusal, and only ASCII passes, seed ${SEED}`, () => {
  const random = new Random(SEED);
  const alphabet = [..."aZ0.-_:[]@/?#%\\,*\x7f\xe9 !"];
  const counts = { exchange: 0, refused: 0 };
  for (let round = 0; round < 20_000; round++) {
    const host = Array.from({ length: random.below(7) }, () => random.pick(alphabet)).join("");
    const url = `https://${host}/${random.pick(["", "?", "#", "//"])}`;
    const result = readExchange(makeRequest({ url, headers: {} }), CLIENT);
    counts[result.kind]++;
    if (result.kind === "refused") continue;
    assert.match(result.exchange.authority, /^[!-~]+$/);
    assert.doesNotMatch(result.exchange.authority, /[@/?#\\]/);
    assert.match(result.exchange.target, /^\//);
  }
  assert.ok(counts.exchange > 500 && counts.refused > 500, JSON.stringify(counts));
});
