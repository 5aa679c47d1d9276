import assert from "node:assert/strict";
import { Failure, type FailureKind, FAILURES } from "../../lib/base/failures.ts";
import type { Answer, UpstreamRequest } from "../../lib/http/message.ts";
import { proxy, type ProxyTarget } from "../../lib/http/proxy.ts";
import {
  headerOf,
  makeAnswer,
  makeBody,
  makeExchange,
  makeProxy,
  readText,
} from "../support/exchanges.ts";
import { makeRoute, makeServer } from "../support/route_configs.ts";

const ONE: ProxyTarget = makeRoute("offload", ["app.example.org"], { servers: [makeServer(1)] });
const THREE: ProxyTarget = { ...ONE, servers: [makeServer(1), makeServer(2), makeServer(3)] };

type Sent = { readonly port: number; readonly request: UpstreamRequest };

/** A proxy whose servers answer by their port; what they were sent is kept. */
function proxyTo(
  answer: (port: number, request: UpstreamRequest) => Answer | Promise<Answer>,
) {
  const sent: Sent[] = [];
  const fake = makeProxy(async (server, request) => {
    const port = server.address.kind === "tcp" ? server.address.port : 0;
    sent.push({ port, request });
    return await answer(port, request);
  });
  return { ...fake, sent };
}

const fail = (kind: FailureKind) => {
  throw new Failure(kind, `Cannot reach 10.0.0.1:3000: ${kind}`);
};

Deno.test("proxy: sends method, target, headers and body, and gives the answer back", async () => {
  const body = makeBody("hello");
  const { environment, sent } = proxyTo(() => makeAnswer(201, [["X-A", "1"]]));
  const headers = [["Accept", "*/*"], ["Connection", "close"]] as const;
  const exchange = makeExchange({ method: "PUT", target: "/a%2Fb?x=%zz", headers, body });
  const response = await proxy(exchange, ONE, environment);
  assert.equal(response.status, 201);
  assert.equal(headerOf(response, "x-a"), "1");
  const [{ request }] = sent;
  assert.equal(request.method, "PUT");
  assert.equal(request.target, "/a%2Fb?x=%zz");
  assert.equal(request.signal, exchange.signal);
  assert.equal(request.body, body, "one server gets the body itself");
  assert.deepEqual(request.headers.slice(0, 2), [["Host", "app.example.org"], ["Accept", "*/*"]]);
});

for (const [name, { status, fault }] of Object.entries(FAILURES)) {
  Deno.test(`proxy: ${name} is answered with ${status} and a short body`, async () => {
    const { environment, counters, lines } = proxyTo(() => fail(name as FailureKind));
    const response = await proxy(makeExchange(), ONE, environment);
    assert.equal(response.status, status);
    const text = await readText(response);
    assert.match(text, /^[A-Z][^\n]{10,100}\n$/);
    assert.doesNotMatch(text, /10\.0\.0\.1/, "the client learns no addresses");
    const isOurs = fault !== "client";
    assert.equal(counters.get("upstream_failures"), isOurs ? 1 : 0);
    assert.equal(lines.some((line) => line.includes("error Cannot proxy request")), isOurs);
    if (isOurs) assert.match(lines.join("\n"), new RegExp(`kind=${name} .*10\\.0\\.0\\.1`));
  });
}

Deno.test("proxy: an answer that the server breaks off is counted and logged, the first of many", async () => {
  const { environment, counters, lines } = makeProxy((_server, _request, { onCut }) => {
    onCut(new Failure("upstream_closed", "connection closed within the body"));
    return Promise.resolve(makeAnswer(200));
  });
  for (let count = 0; count < 10; count++) await proxy(makeExchange(), ONE, environment);
  assert.equal(counters.get("upstream_failures"), 10);
  assert.equal(lines.length, 5);
  assert.match(
    lines[0],
    /error Answer broke off host=app\.example\.org kind=upstream_closed error=/,
  );
});

Deno.test("proxy: a defect is answered with 500 and logged as one", async () => {
  const { environment, lines } = proxyTo(() => {
    throw new TypeError("undefined is not a function");
  });
  const response = await proxy(makeExchange(), THREE, environment);
  assert.equal(response.status, 500);
  assert.match(lines[0], /kind=defect .*undefined is not a function/);
});

Deno.test("proxy: no server is 502", async () => {
  const { environment } = proxyTo(() => makeAnswer(200));
  assert.equal((await proxy(makeExchange(), { ...ONE, servers: [] }, environment)).status, 502);
});

Deno.test("proxy: tries the next server after what may be tried again, and only then", async () => {
  for (const [name, { retryable }] of Object.entries(FAILURES)) {
    const kind = name as FailureKind;
    const { environment, sent } = proxyTo((port) => port === 1 ? fail(kind) : makeAnswer(200));
    const { status } = await proxy(makeExchange(), THREE, environment);
    // A server that closed a kept connection may have acted on the request.
    const isTried = retryable && kind !== "upstream_stale";
    assert.equal(status, isTried ? 200 : FAILURES[kind].status, name);
    assert.deepEqual(sent.map(({ port }) => port), isTried ? [1, 2] : [1], name);
  }
});

Deno.test("proxy: RFC 9110 §9.2.2, a POST whose connection was closed is not sent twice", async () => {
  for (const kind of ["upstream_closed", "upstream_stale", "upstream_timeout"] as const) {
    const { environment, sent } = proxyTo(() => fail(kind));
    await proxy(makeExchange({ method: "POST" }), THREE, environment);
    assert.equal(sent.length, 1, kind);
  }
});

Deno.test("proxy: each server is tried once, the last failure is told", async () => {
  const kinds: FailureKind[] = [
    "upstream_refused",
    "upstream_unresolved",
    "upstream_connect_timeout",
  ];
  const { environment, sent, counters } = proxyTo((port) => fail(kinds[port - 1]));
  assert.equal((await proxy(makeExchange(), THREE, environment)).status, 504);
  assert.deepEqual(sent.map(({ port }) => port), [1, 2, 3]);
  assert.equal(counters.get("upstream_failures"), 1);
});

Deno.test("proxy: servers are asked in the order that is handed in", async () => {
  const { environment, sent } = proxyTo(() => fail("upstream_refused"));
  const orderServers = (servers: ProxyTarget["servers"]) => servers.toReversed();
  await proxy(makeExchange(), THREE, { ...environment, orderServers });
  assert.deepEqual(sent.map(({ port }) => port), [3, 2, 1]);
});

Deno.test("proxy: the next server gets the whole body, if the first has not read from it", async () => {
  const received: string[] = [];
  const { environment } = proxyTo(async (port, { body }) => {
    if (port < 3) return fail("upstream_refused");
    received.push(await readText({ body }));
    return makeAnswer(200);
  });
  const exchange = makeExchange({ method: "POST", body: makeBody("one", "two") });
  assert.equal((await proxy(exchange, THREE, environment)).status, 200);
  assert.deepEqual(received, ["onetwo"]);
});

Deno.test("proxy: no next server gets a body that has been read from, and it is given up", async () => {
  const { environment, sent } = proxyTo(async (_port, { body }) => {
    await body!.read(new Uint8Array(2));
    return fail("upstream_refused");
  });
  const body = makeBody("one", "two");
  assert.equal(
    (await proxy(makeExchange({ method: "POST", body }), THREE, environment)).status,
    502,
  );
  assert.equal(sent.length, 1);
  assert.ok(body.isCancelled);
});

Deno.test("proxy: an upgrade and an expectation are passed on", async () => {
  const { environment, sent } = proxyTo(() => makeAnswer(200));
  await proxy(makeExchange({ upgrade: "websocket" }), ONE, environment);
  await proxy(makeExchange({ expectsContinue: true, body: makeBody("x") }), ONE, environment);
  assert.deepEqual(sent.map(({ request }) => [request.upgrade, request.expectsContinue]), [
    ["websocket", false],
    [undefined, true],
  ]);
});

Deno.test("proxy: RFC 9110 §15.2, interim answers are passed on without hop-by-hop fields", async () => {
  const interim: unknown[] = [];
  const { environment } = makeProxy((_server, _request, { onInterim }) => {
    onInterim(103, [["Link", "</a>"], ["Connection", "X-Hop"], ["X-Hop", "1"]]);
    return Promise.resolve(makeAnswer(200));
  });
  const sendInterim = (...given: unknown[]) => void interim.push(given);
  await proxy(makeExchange({ sendInterim }), ONE, environment);
  assert.deepEqual(interim, [[103, [["Link", "</a>"]]]]);
});

Deno.test("proxy: RFC 9110 §7.6.3, a request that comes back is 508 and goes nowhere", async () => {
  const { environment, sent } = proxyTo(() => makeAnswer(200));
  const headers = [["Via", "1.1 other, 1.1 postern-test"], ["Connection", "via"]] as const;
  const response = await proxy(makeExchange({ headers }), ONE, environment);
  assert.equal(response.status, 508);
  assert.equal(sent.length, 0);
  assert.equal(response.refusal?.counter, "request_loop");
});

Deno.test("proxy: RFC 9110 §7.6.2, OPTIONS and TRACE are counted, other methods are not", async () => {
  const { environment, sent } = proxyTo(() => makeAnswer(200));
  const headers = [["Max-Forwards", "1"]] as const;
  for (const method of ["OPTIONS", "TRACE", "GET"]) {
    await proxy(makeExchange({ method, headers }), ONE, environment);
  }
  const counts = sent.map(({ request }) =>
    request.headers.find(([name]) => name === "Max-Forwards")![1]
  );
  assert.deepEqual(counts, ["0", "0", "1"]);
  const last = makeExchange({ method: "OPTIONS", headers: [["Max-Forwards", "0"]] });
  assert.equal((await proxy(last, ONE, environment)).status, 204);
  assert.equal(sent.length, 3);
});

Deno.test("proxy: what it sends, it knows again", async () => {
  const { environment, sent } = proxyTo(() => makeAnswer(200));
  await proxy(makeExchange(), ONE, environment);
  const back = makeExchange({ headers: sent[0].request.headers });
  assert.equal((await proxy(back, ONE, environment)).status, 508);
});

Deno.test("proxy: a stranger's hosts do not fill the log", async () => {
  const { environment, lines, clock } = proxyTo(() => fail("upstream_closed"));
  const ask = async (times: number) => {
    for (let index = 0; index < times; index++) {
      await proxy(makeExchange({ hostname: `host${index}.example.org` }), ONE, environment);
    }
  };
  await ask(100);
  assert.equal(lines.length, 5);
  await clock.advance(10_000);
  await ask(1);
  assert.match(lines[5], /heldBack=95/);
});

Deno.test("proxy: a failing upstream does not hide another one's failure", async () => {
  const { environment, lines } = proxyTo(() => fail("upstream_closed"));
  for (let index = 0; index < 20; index++) await proxy(makeExchange(), ONE, environment);
  await proxy(makeExchange(), { ...ONE, servers: [makeServer(9)] }, environment);
  assert.equal(lines.length, 6);
});
