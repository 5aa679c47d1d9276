import assert from "node:assert/strict";
import { upstreamRequestHeaders } from "../../../lib/http/headers.ts";
import { compileRequestHeaders } from "../../../lib/http/policy/request_headers.ts";
import { makeExchange } from "../../support/exchanges.ts";
import { makeServer } from "../../support/route_configs.ts";

const SERVER = makeServer(3000);

Deno.test("compileRequestHeaders: nothing configured is nothing to do", () => {
  assert.equal(compileRequestHeaders({}), undefined);
});

Deno.test("compileRequestHeaders: changes what the server is told, Host and client included", () => {
  const change = compileRequestHeaders({
    hostHeader: { kind: "upstream" },
    requestHeaders: {
      remove: ["Forwarded", "X-Forwarded-For", "Cookie"],
      set: [{ name: "X-Forwarded-Proto", value: ["http"] }],
      add: [{ name: "X-Client", value: [{ placeholder: "client_ip" }] }],
    },
  });
  const exchange = makeExchange({ headers: [["Cookie", "a=1"], ["Accept", "*/*"]] });
  const lines = upstreamRequestHeaders(exchange, "postern-test");
  assert.deepEqual(change!(lines, SERVER, exchange), [
    ["Host", "127.0.0.1:3000"],
    ["Accept", "*/*"],
    ["X-Forwarded-Proto", "http"],
    ["X-Forwarded-Host", "app.example.org"],
    ["X-Real-IP", "192.0.2.1"],
    ["Via", "1.1 postern-test"],
    ["X-Client", "192.0.2.1"],
  ]);
});

Deno.test("compileRequestHeaders: each of the two alone", () => {
  const exchange = makeExchange();
  const host = compileRequestHeaders({ hostHeader: { kind: "fixed", value: "x" } })!;
  assert.deepEqual(host([["A", "1"]], SERVER, exchange), [["Host", "x"], ["A", "1"]]);
  const remove = compileRequestHeaders({ requestHeaders: { remove: ["A"], set: [], add: [] } })!;
  assert.deepEqual(remove([["Host", "h"], ["A", "1"]], SERVER, exchange), [["Host", "h"]]);
});
