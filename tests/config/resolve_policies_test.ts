import assert from "node:assert/strict";
import { messagesOf, routeOf } from "./parsing.ts";
import { policiesOf } from "./policy_lines.ts";

const KEYS = "{ compress: true, rate_limit: { requests: 1 }, forward_auth: { url: http://a } }";

Deno.test("resolvePolicies: what is not configured is not there", () => {
  assert.deepEqual(policiesOf("timeouts: {}"), {});
  assert.deepEqual(Object.keys(policiesOf("timeouts: {}", KEYS)).sort(), [
    "compress",
    "forwardAuth",
    "rateLimit",
  ]);
});

for (
  const route of [
    "mode: passthrough, upstream: b:1",
    "mode: redirect, to: https://c",
    "mode: reject",
  ]
) {
  Deno.test(`resolvePolicies: ${route} has no use for them; in the defaults they are no mistake`, () => {
    assert.deepEqual(routeOf(`{ hosts: [a.b], ${route} }`, `defaults: ${KEYS}`).policies, {});
    for (
      const key of [
        "compress: true",
        "basic_auth: off",
        "forward_auth: off",
        "rate_limit: off",
        "paths: []",
      ]
    ) {
      const mode = /mode: (\w+)/.exec(route)![1];
      const [told] = messagesOf(`{ hosts: [a.b], ${route}, ${key} }`);
      assert.match(told, new RegExp(`mode "${mode}" has no use for it$`), key);
    }
  });
}
