import assert from "node:assert/strict";
import { Failure } from "../../lib/base/failures.ts";
import type { HealthProbe } from "../../lib/config/config.ts";
import { type AskHttp, formatStatuses, probeServer } from "../../lib/upstream/probe_server.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { findFreePort } from "../support/free_port.ts";
import { makeServer } from "../support/route_configs.ts";

const TCP: HealthProbe = { kind: "tcp" };

const HTTP = {
  kind: "http",
  path: "/health",
  host: "a.example",
  statuses: [{ from: 200, to: 399 }, { from: 404, to: 404 }],
} as const;

const unused: AskHttp = () => {
  throw new Error("not asked here");
};

function optionsOf(probe: HealthProbe, askHttp: AskHttp = unused) {
  const clock = new FakeClock();
  const stopping = new AbortController();
  const check = { probe, timeoutMs: 1_000 };
  return { check, clock, askHttp, signal: stopping.signal, stopping };
}

Deno.test("probeServer tcp: a server that lets us in is good, and the connection ends at once", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const accepting = listener.accept();
  const server = makeServer(listener.addr.port, "tcp");
  assert.deepEqual(await probeServer(server, optionsOf(TCP)), { kind: "good" });
  using connection = await accepting;
  assert.equal(await connection.read(new Uint8Array(1)), null, "not a byte was sent");
});

Deno.test("probeServer tcp: a server that refuses is bad, with the reason", async () => {
  const result = await probeServer(makeServer(findFreePort(), "tcp"), optionsOf(TCP));
  assert.equal(result.kind, "bad");
  assert.match(result.kind === "bad" ? result.reason : "", /refused/);
});

/** Statuses and whether they are good. */
const STATUSES: readonly [status: number, isGood: boolean][] = [
  [199, false],
  [200, true],
  [399, true],
  [400, false],
  [403, false],
  [404, true],
  [405, false],
  [503, false],
];

for (const [status, isGood] of STATUSES) {
  Deno.test(`probeServer http: ${status} is ${isGood ? "good" : "bad"}, expecting 200-399, 404`, async () => {
    const server = makeServer(80);
    const asked: unknown[] = [];
    const options = optionsOf(HTTP, (...question) => {
      asked.push(question.slice(0, 2));
      return Promise.resolve(status);
    });
    const result = await probeServer(server, options);
    assert.deepEqual(asked, [[server, HTTP]]);
    assert.deepEqual(
      result,
      isGood
        ? { kind: "good" }
        : { kind: "bad", reason: `status ${status}, expected 200-399, 404` },
    );
    assert.equal(options.clock.pending, 0);
  });
}

Deno.test("probeServer http: the request is called off once its status is known", async () => {
  let signal: AbortSignal | undefined;
  const options = optionsOf(HTTP, (_server, _probe, given) => {
    signal = given;
    assert.equal(given.aborted, false);
    return Promise.resolve(200);
  });
  await probeServer(makeServer(80), options);
  assert.equal(signal?.aborted, true);
});

Deno.test("probeServer http: no answer in time is bad, and called off", async () => {
  let signal: AbortSignal | undefined;
  const options = optionsOf(HTTP, (_server, _probe, given) => {
    signal = given;
    return new Promise(() => {});
  });
  const probing = probeServer(makeServer(80), options);
  await options.clock.advance(999);
  assert.equal(signal?.aborted, false);
  await options.clock.advance(1);
  assert.deepEqual(await probing, { kind: "bad", reason: "no answer within 1000 ms" });
  assert.equal(signal?.aborted, true);
});

const FAILURES: readonly [error: Error, kind: "bad" | "unknown"][] = [
  [new Failure("upstream_refused", "no"), "bad"],
  [new Failure("upstream_untrusted", "no"), "bad"],
  [new Failure("upstream_malformed", "no"), "bad"],
  // That is our own trouble.
  [new Failure("exhausted", "no"), "unknown"],
  [new Error("no"), "bad"],
];

for (const [error, kind] of FAILURES) {
  const name = error instanceof Failure ? error.kind : "any other error";
  Deno.test(`probeServer: ${name} is ${kind}`, async () => {
    const options = optionsOf(HTTP, () => Promise.reject(error));
    assert.deepEqual(await probeServer(makeServer(80), options), { kind, reason: "no" });
  });
}

Deno.test("probeServer: a check that is called off says nothing of the server", async () => {
  const options = optionsOf(HTTP, () => new Promise(() => {}));
  const probing = probeServer(makeServer(80), options);
  options.stopping.abort();
  assert.equal((await probing).kind, "unknown");
  assert.equal(options.clock.pending, 0);
});

Deno.test("formatStatuses: as a person writes them", () => {
  assert.equal(formatStatuses(HTTP.statuses), "200-399, 404");
});
