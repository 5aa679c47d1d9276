import assert from "node:assert/strict";
import { hostOf } from "../../../lib/http/upstream/server_name.ts";

Deno.test("hostOf: the host without its port", () => {
  const cases: [string, string | undefined][] = [
    ["app.test", "app.test"],
    ["App.Test.", "app.test"],
    ["app.test:8443", "app.test"],
    ["app.test:", "app.test"],
    ["192.0.2.1:80", "192.0.2.1"],
    ["192.0.2.1", "192.0.2.1"],
    ["[2001:db8::1]:443", "2001:db8::1"],
    ["[::1]", "::1"],
    ["", undefined],
    [":80", undefined],
    ["::1", undefined],
    ["[::1", undefined],
    ["app.test:80:80", undefined],
    ["app.test:x", undefined],
    ["a b", undefined],
    ["a..b", undefined],
  ];
  for (const [host, expected] of cases) assert.equal(hostOf([["hOsT", host]]), expected, host);
  assert.equal(hostOf([["X-Host", "a.test"]]), undefined);
});
