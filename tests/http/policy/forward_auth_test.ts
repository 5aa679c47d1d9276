import assert from "node:assert/strict";
import { Counters } from "../../../lib/base/counters.ts";
import { Failure } from "../../../lib/base/failures.ts";
import { FORWARD_AUTH_DRAIN_MAX_BYTES } from "../../../lib/base/limits.ts";
import { createLog } from "../../../lib/base/log.ts";
import { Sampler } from "../../../lib/base/sampler.ts";
import type { ForwardAuthConfig } from "../../../lib/config/config.ts";
import type { Exchange } from "../../../lib/http/exchange.ts";
import type { Answer, UpstreamRequest } from "../../../lib/http/message.ts";
import { askAuthServer, dropHeaders } from "../../../lib/http/policy/forward_auth.ts";
import { headerOf, makeAnswer, makeBody, makeExchange, readText } from "../../support/exchanges.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { makeForwardAuth } from "./forward_auth_configs.ts";

/** The policy with an auth server that is a function, and an upstream that answers 200. */
function guard(
  verdict: (request: UpstreamRequest) => Answer | Promise<Answer>,
  fields: Partial<ForwardAuthConfig> = {},
) {
  const clock = new FakeClock();
  const counters = new Counters();
  const lines: string[] = [];
  const asked: UpstreamRequest[] = [];
  const passed: Exchange[] = [];
  const config = makeForwardAuth(fields);
  const policy = askAuthServer(config, {
    clock,
    counters,
    log: createLog({ write: (line) => lines.push(line) }),
    sampler: new Sampler(clock),
    via: "postern-test",
    send: async (server, request) => {
      assert.equal(server, config.server);
      asked.push(request);
      return await verdict(request);
    },
  });
  const ask = async (fields: Partial<Exchange> = {}) => {
    const exchange = makeExchange(fields);
    return await policy(exchange, (replaced = exchange) => {
      passed.push(replaced);
      return Promise.resolve(makeAnswer(200, [["Set-Cookie", "app=1"]]));
    });
  };
  return { ask, asked, passed, clock, counters, lines };
}

Deno.test("askAuthServer: asks by GET without a body, whatever the request is", async () => {
  const { ask, asked, passed } = guard(() => makeAnswer(200));
  const body = makeBody("x");
  await ask({ method: "POST", target: "/a?b", body, upgrade: "websocket", expectsContinue: true });
  const [{ method, target, headers, upgrade, expectsContinue, body: asks }] = asked;
  assert.deepEqual([method, target, asks, upgrade, expectsContinue], [
    "GET",
    "/verify?x",
    undefined,
    undefined,
    undefined,
  ]);
  assert.deepEqual(headers[0], ["Host", "auth.example:9091"]);
  const [{ method: passedMethod, body: passedBody, upgrade: passedUpgrade }] = passed;
  assert.deepEqual([passedMethod, passedBody, passedUpgrade], ["POST", body, "websocket"]);
  assert.deepEqual([body.reads, body.isCancelled], [0, false]);
});

for (const status of [200, 202, 204, 299]) {
  Deno.test(`askAuthServer: ${status} lets pass, with what it vouches for and its cookies`, async () => {
    const body = status === 204 ? undefined : makeBody("ok", "ok");
    const { ask, passed } = guard(() =>
      makeAnswer(
        status,
        [["remote-user", "alice"], ["set-cookie", "s=1"], ["Set-Cookie", "t=2"]],
        body,
      )
    );
    const answer = await ask({ headers: [["Remote-User", "root"], ["A", "b"]] });
    assert.deepEqual(passed[0].headers, [["A", "b"], ["Remote-User", "alice"]]);
    assert.deepEqual(answer.headers, [
      ["Set-Cookie", "app=1"],
      ["set-cookie", "s=1"],
      ["Set-Cookie", "t=2"],
    ]);
    assert.equal(
      body?.reads ?? 3,
      3,
      "its body is read to the end, so that the connection is kept",
    );
    assert.equal(body?.isCancelled ?? false, false);
  });
}

for (const status of [302, 303, 400, 401, 403, 429, 500, 503]) {
  Deno.test(`askAuthServer: ${status} is the client's answer, whole`, async () => {
    const verdict = makeAnswer(
      status,
      [["Location", "https://login/"], ["Set-Cookie", "s=1"]],
      makeBody("no"),
    );
    const { ask, passed } = guard(() => verdict);
    const body = makeBody("x");
    const answer = await ask({ method: "POST", body });
    assert.equal(answer.status, status);
    assert.deepEqual(answer.headers, verdict.headers);
    assert.equal(await readText(answer), "no");
    assert.deepEqual([passed.length, body.reads, body.isCancelled], [0, 0, true]);
  });
}

Deno.test("askAuthServer: to HEAD the answer has no body", async () => {
  const body = makeBody("no");
  const { ask } = guard(() => makeAnswer(401, [["Content-Length", "2"]], body));
  const answer = await ask({ method: "HEAD" });
  assert.deepEqual([answer.status, answer.body, body.isCancelled], [401, undefined, true]);
  assert.equal(headerOf(answer, "content-length"), "2");
});

const FAILURES: readonly [why: string, verdict: () => Answer | Promise<Answer>][] = [
  ["cannot be reached", () => Promise.reject(new Failure("upstream_refused", "10.0.0.9: refused"))],
  ["is a defect", () => Promise.reject(new TypeError("undefined is not a function"))],
  ["answers 304", () => makeAnswer(304)],
  ["answers 101", () => makeAnswer(101)],
  ["says yes and breaks off", () => {
    const read = () => Promise.reject(new Failure("upstream_closed", "connection lost"));
    return makeAnswer(200, [["Remote-User", "alice"]], { ...makeBody("x"), read });
  }],
];

for (const [why, verdict] of FAILURES) {
  Deno.test(`askAuthServer: an auth server that ${why} is 502, never open`, async () => {
    const { ask, passed, counters, lines } = guard(verdict);
    const body = makeBody("x");
    const answer = await ask({ body });
    assert.equal(answer.status, 502);
    assert.doesNotMatch(await readText(answer), /10\.0\.0\.9/);
    assert.deepEqual([passed.length, body.isCancelled], [0, true]);
    assert.equal(counters.get("forward_auth_failures"), 1);
    assert.match(lines[0], /error Cannot ask the auth server host=app\.example\.org/);
  });
}

Deno.test("askAuthServer: one that does not answer in time is 502, and nothing stays open", async () => {
  const late = Promise.withResolvers<Answer>();
  const { ask, asked, passed, clock } = guard(() => late.promise);
  const asking = ask();
  await clock.advance(999);
  assert.equal(asked[0].signal.aborted, false);
  await clock.advance(1);
  assert.equal((await asking).status, 502);
  assert.equal(asked[0].signal.aborted, true);
  const body = makeBody("x");
  late.resolve(makeAnswer(401, [], body));
  await clock.advance(0);
  assert.deepEqual([body.isCancelled, passed.length, clock.pending], [true, 0, 0]);
});

Deno.test("askAuthServer: one that says yes and never ends is 502 in time", async () => {
  const { ask, clock, passed } = guard(() =>
    makeAnswer(200, [], { ...makeBody("x"), read: () => new Promise<number>(() => {}) })
  );
  const asking = ask();
  await clock.advance(1_000);
  assert.deepEqual([(await asking).status, passed.length], [502, 0]);
});

Deno.test("askAuthServer: a yes that is long is let go, and counts", async () => {
  const body = makeBody(...Array.from({ length: 100 }, () => "x".repeat(4_096)));
  const { ask, passed } = guard(() => makeAnswer(200, [], body));
  assert.deepEqual([(await ask()).status, passed.length, body.isCancelled], [200, 1, true]);
  assert(body.reads <= FORWARD_AUTH_DRAIN_MAX_BYTES / 4_096 + 1, `${body.reads} reads`);
});

Deno.test("askAuthServer: a client that leaves ends the subrequest, and nobody is blamed", async () => {
  const leaving = new AbortController();
  const { ask, asked, counters, lines, clock } = guard(() => new Promise<Answer>(() => {}));
  const asking = ask({ signal: leaving.signal });
  await clock.advance(0);
  leaving.abort();
  assert.equal((await asking).status, 502);
  assert.equal(asked[0].signal.aborted, true);
  assert.deepEqual([counters.get("forward_auth_failures"), lines, clock.pending], [0, [], 0]);
});

for (const target of ["/public/../admin", "/public/%2e%2e/admin", "/x/..;/y", "/a%2f..%2fb"]) {
  Deno.test(`askAuthServer: ${target}, which two servers may read in two ways, is 400`, async () => {
    const { ask, asked, passed } = guard(() => makeAnswer(200));
    assert.equal((await ask({ target })).status, 400);
    assert.deepEqual([asked.length, passed.length], [0, 0]);
  });
}

Deno.test("askAuthServer: dots in a query are nobody's path", async () => {
  const { ask } = guard(() => makeAnswer(200));
  for (const target of ["/a?b=/../c", "/group%2Fproject", "*", "/a;b/c"]) {
    assert.equal((await ask({ target })).status, 200, target);
  }
});

Deno.test("dropHeaders: what is believed elsewhere cannot be sent, however it is written", async () => {
  const policy = dropHeaders(["Remote-User"]);
  const headers = [["remote_user", "root"], ["REMOTE-USER", "root"], ["A", "b"]] as const;
  let passed: Exchange | undefined;
  await policy(makeExchange({ headers }), (replaced) => {
    passed = replaced;
    return Promise.resolve(makeAnswer(200));
  });
  assert.deepEqual(passed!.headers, [["A", "b"]]);
});

Deno.test("askAuthServer, dropHeaders: nor can it come as a trailer, where nothing vouches for it", async () => {
  const trailers = [["X_User", "root"], ["Remote-User", "root"], ["X-Sum", "1"]] as const;
  const withTrailers = () => ({ ...makeBody("a"), length: undefined, trailers });
  const { ask, passed } = guard(() => makeAnswer(204), { copyHeaders: ["X-User", "Remote-User"] });
  await ask({ method: "POST", body: withTrailers() });
  await dropHeaders(["X-User", "remote-user"])(
    makeExchange({ body: withTrailers() }),
    (replaced) => {
      passed.push(replaced!);
      return Promise.resolve(makeAnswer(200));
    },
  );
  assert.deepEqual(passed.map(({ body }) => body!.trailers), [[["X-Sum", "1"]], [["X-Sum", "1"]]]);
});
