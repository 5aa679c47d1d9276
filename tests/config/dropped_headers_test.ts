import assert from "node:assert/strict";
import { routeOf } from "./parsing.ts";

const AUTH = "forward_auth: { url: http://a, copy_headers: [Remote-User, X-Email] }";

Deno.test("withDroppedHeaders: a path without the auth server of its route drops what that vouches for", () => {
  const { policies, paths } = routeOf(
    `{ hosts: [a.b], mode: offload, upstream: http://b, ${AUTH}, paths: [` +
      "{ path: /public/*, forward_auth: off }, { path: /x/* }, " +
      "{ path: /other/*, forward_auth: { url: http://c, copy_headers: [x-email, X-Id] } }] }",
  );
  assert.deepEqual(policies.dropHeaders, ["X-Id"]);
  assert.deepEqual(paths.map((path) => path.policies.dropHeaders), [
    ["Remote-User", "X-Email", "x-email", "X-Id"],
    ["X-Id"],
    ["Remote-User"],
  ]);
  assert.equal(paths[1].policies, policies, "what was shared is shared");
});

Deno.test("withDroppedHeaders: a path with an auth server is beside a route without", () => {
  const { policies, paths } = routeOf(
    `{ hosts: [a.b], mode: offload, upstream: http://b, paths: [{ path: /admin/*, ${AUTH} }] }`,
  );
  assert.deepEqual(policies.dropHeaders, ["Remote-User", "X-Email"]);
  assert.equal(paths[0].policies.dropHeaders, undefined);
});

Deno.test("withDroppedHeaders: without auth servers nothing is dropped", () => {
  const { policies } = routeOf(
    "{ hosts: [a.b], mode: offload, upstream: http://b, paths: [{ path: /x }] }",
  );
  assert.deepEqual(policies, {});
});
