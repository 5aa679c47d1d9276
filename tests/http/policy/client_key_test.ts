import assert from "node:assert/strict";
import { clientKey } from "../../../lib/http/policy/client_key.ts";

const KEYS: readonly [ip: string, key: string][] = [
  ["192.0.2.1", "192.0.2.1"],
  ["2001:db8::1", "2001:db8::/64"],
  ["2001:db8:0:0:ffff:ffff:ffff:ffff", "2001:db8::/64"],
  ["2001:db8:0:1::1", "2001:db8:0:1::/64"],
  ["::1", "::/64"],
  ["not:an:address", "not:an:address"],
];

for (const [ip, key] of KEYS) {
  Deno.test(`clientKey: ${ip} counts as ${key}`, () => assert.equal(clientKey(ip), key));
}
