import assert from "node:assert/strict";
import { Failure } from "../../../lib/base/failures.ts";
import type { Body } from "../../../lib/http/message.ts";
import { proxy } from "../../../lib/http/proxy.ts";
import { BODY_TOO_LARGE } from "../../../lib/http/answer.ts";
import { limitBody } from "../../../lib/http/policy/limit_body.ts";
import { makeClient, makeRequest, serverAt } from "../../support/upstream_requests.ts";
import {
  makeAnswer,
  makeBody,
  makeExchange,
  makeProxy,
  readText,
  type WatchedBody,
} from "../../support/exchanges.ts";
import { makeRoute, makeServer } from "../../support/route_configs.ts";

/** Asks for a request with this body; the handler reads it to its end. */
async function ask(body: Body | undefined, maxBytes: number) {
  let read = "";
  const answer = await limitBody(maxBytes)(makeExchange({ body }), async (exchange) => {
    const target = new Uint8Array(4);
    const given = exchange === undefined ? body : exchange.body;
    for (let count; (count = await given?.read(target)) !== undefined && count > 0;) {
      read += new TextDecoder().decode(target.subarray(0, count));
    }
    return makeAnswer(200);
  });
  return { answer, read };
}

function withoutLength(body: WatchedBody): Body {
  return {
    length: undefined,
    read: (target) => body.read(target),
    cancel: () => body.cancel(),
    get trailers() {
      return body.trailers;
    },
    get isTouched() {
      return body.isTouched;
    },
  };
}

Deno.test("limitBody: a request without a body passes, whatever the limit", async () => {
  assert.equal((await ask(undefined, 0)).answer.status, 200);
});

for (const length of [7, 8, 9]) {
  Deno.test(`limitBody: RFC 9110 §15.5.14, a known length of ${length} against 8`, async () => {
    const body = makeBody("x".repeat(length));
    const { answer, read } = await ask(body, 8);
    assert.equal(answer.status, length > 8 ? 413 : 200);
    assert.equal(read.length, length > 8 ? 0 : length);
    // Not a byte is asked for, so that a client that waits for 100 (Continue) never sends one.
    assert.equal(body.reads > 0, length <= 8);
    assert.equal(body.isCancelled, length > 8);
    assert.equal(answer.isOwn, length > 8 ? true : undefined);
  });
}

for (const length of [0, 7, 8, 9, 20]) {
  Deno.test(`limitBody: an unknown length that comes to ${length} against 8`, async () => {
    const body = makeBody(...Array<string>(length).fill("x"));
    const asked = ask(withoutLength(body), 8);
    if (length <= 8) {
      assert.equal((await asked).read.length, length);
      assert.equal(body.isCancelled, false);
      return;
    }
    await assert.rejects(asked, (error: Failure) => {
      assert.equal(error.kind, "client_too_large");
      assert.equal(error.status, 413);
      assert.equal(error.fault, "client");
      return !error.retryable;
    });
    assert.equal(body.isCancelled, true);
    assert.equal(body.reads, 9);
  });
}

Deno.test("limitBody: RFC 9112 §7.1, no server ever sees the end of a body over the limit", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const received = (async () => {
    using connection = await listener.accept();
    let text = "";
    const target = new Uint8Array(64 * 1024);
    const decoder = new TextDecoder();
    // A reset ends what was received as well as a clean end does.
    const read = () => connection.read(target).catch(() => null);
    for (let count; (count = await read()) !== null;) {
      text += decoder.decode(target.subarray(0, count));
    }
    return text;
  })();
  const client = makeClient();
  const { port } = listener.addr;
  const server = serverAt({ kind: "tcp", hostname: "127.0.0.1", port });
  const pieces = Array<string>(4).fill("x".repeat(10_000));
  const asked = limitBody(25_000)(
    makeExchange({ method: "POST", body: withoutLength(makeBody(...pieces)) }),
    (exchange) => client.send(server, makeRequest({ method: "POST", body: exchange?.body })),
  );
  await assert.rejects(Promise.resolve(asked), { kind: "client_too_large" });
  const text = await received;
  client.close();
  assert.match(text, /^POST \/ HTTP\/1\.1\r\n[^]*transfer-encoding: chunked\r\n/i);
  assert.doesNotMatch(text, /\r\n0\r\n/);
  assert(text.replace(/[^x]/g, "").length <= 25_000);
});

Deno.test("limitBody: the proxy answers a body over the limit with 413, and blames no upstream", async () => {
  const { environment, counters, lines } = makeProxy(async (_server, { body }) => {
    while (await body!.read(new Uint8Array(4)) > 0);
    return makeAnswer(200);
  });
  const route = makeRoute("offload", ["app.example.org"], { servers: [makeServer(1)] });
  const answers = [
    limitBody(4)(
      makeExchange({ body: withoutLength(makeBody("12", "345")) }),
      (exchange) => proxy(exchange!, route, environment),
    ),
    limitBody(4)(makeExchange({ body: makeBody("12345") }), () => Promise.reject()),
  ];
  for (const answer of await Promise.all(answers)) {
    assert.deepEqual([answer.status, answer.isOwn], [413, true]);
    assert.equal(await readText(answer), `${BODY_TOO_LARGE}\n`);
  }
  assert.deepEqual([counters.snapshot(), lines], [{}, []]);
});

Deno.test("limitBody: a body over its limit fails again and again, and never ends", async () => {
  const body = withoutLength(makeBody("123456789"));
  let limited: Body | undefined;
  await limitBody(4)(makeExchange({ body }), (exchange) => {
    limited = exchange?.body;
    return Promise.resolve(makeAnswer(200));
  });
  assert.equal(limited!.isTouched, false);
  assert.equal(limited!.length, undefined);
  for (let round = 0; round < 3; round++) {
    await assert.rejects(limited!.read(new Uint8Array(8)), Failure);
  }
  assert.equal(limited!.isTouched, true);
  assert.deepEqual(limited!.trailers, []);
});
