import assert from "node:assert/strict";
import { hostnameOf, isAuthority } from "../../lib/http/authority.ts";

const GOOD: readonly [authority: string, hostname: string | undefined][] = [
  ["app.example.org", "app.example.org"],
  ["APP.Example.org:8443", "app.example.org"],
  ["app.example.org.:443", "app.example.org"],
  ["app.example.org:", "app.example.org"],
  ["my_app.example.org", "my_app.example.org"],
  ["192.0.2.7", undefined],
  ["[2001:db8::1]:443", undefined],
  ["a,b", undefined],
  ["a%2eb", undefined],
];
for (const [authority, hostname] of GOOD) {
  Deno.test(`isAuthority, hostnameOf: RFC 3986 §3.2.2, ${authority} is ${hostname}`, () => {
    assert.ok(isAuthority(authority));
    assert.equal(hostnameOf(authority), hostname);
  });
}

const BAD = ["", " ", "a b", "u@app", "app:pw@b", "a/b", "a?b", "a#b", "a\\b", "b\xfccher", "a\tb"]
  .concat(["::1", "[::1", "app:443:1", "app:x", "app:123456", '"app"', "<app>", ":443", "a\x01b"]);

Deno.test("isAuthority: RFC 9110 §7.2, what is no authority", () => {
  for (const text of BAD) assert.ok(!isAuthority(text), JSON.stringify(text));
});
