import assert from "node:assert/strict";
import type { Exchange } from "../../../lib/http/exchange.ts";
import { withFields, withHeaders } from "../../../lib/http/policy/with_fields.ts";
import { makeAnswer, makeBody, makeExchange } from "../../support/exchanges.ts";

/** An exchange all of whose fields are getters of a class, as a server may make one. */
function asGetters(exchange: Exchange): Exchange {
  class Made {}
  for (const key of Object.keys(exchange) as (keyof Exchange)[]) {
    Object.defineProperty(Made.prototype, key, { get: () => exchange[key] });
  }
  return new Made() as Exchange;
}

Deno.test("withFields: keeps every field, also of an exchange made of getters", () => {
  const sent: number[] = [];
  const exchange = makeExchange({
    body: makeBody("x"),
    expectsContinue: true,
    upgrade: "websocket",
    trustedProxy: { peer: { ip: "10.0.0.1", port: 1 }, source: undefined, host: undefined },
    sendInterim: (status) => void sent.push(status),
  });
  const { sendInterim, ...copied } = withFields(asGetters(exchange), { scheme: "http" });
  const { sendInterim: _, ...expected } = exchange;
  assert.deepEqual(copied, { ...expected, scheme: "http" });
  sendInterim(103, []);
  assert.deepEqual(sent, [103]);
});

Deno.test("withHeaders: keeps every field of an answer but the headers", () => {
  const connection = {} as never;
  const answer = {
    ...makeAnswer(101, [["A", "b"]]),
    trailers: [["T", "1"]] as const,
    tunnel: { connection, initial: new Uint8Array() },
    isOwn: true,
    refusal: { counter: "request_refused", reason: "x", client: { ip: "::1", port: 1 }, host: "h" },
  } as const;
  assert.deepEqual(withHeaders(answer, [["C", "d"]]), { ...answer, headers: [["C", "d"]] });
});
