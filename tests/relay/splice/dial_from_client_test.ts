import assert from "node:assert/strict";
import { isOfThisMachine } from "../../../lib/relay/splice/dial_from_client.ts";

const CASES: readonly [client: string, local: string | undefined, isOfThisMachine: boolean][] = [
  ["127.0.0.1", "127.0.0.1", true],
  ["127.9.8.7", "192.0.2.1", true],
  ["::1", "::1", true],
  ["192.0.2.1", "192.0.2.1", true],
  ["2001:db8::1", "2001:db8::1", true],
  ["::1", undefined, true],
  ["203.0.113.7", "192.0.2.1", false],
  ["2001:db8::7", "2001:db8::1", false],
  ["203.0.113.7", undefined, false],
];

for (const [ip, local, expected] of CASES) {
  Deno.test(`isOfThisMachine: ${ip} that connected to ${local} ${expected ? "is" : "is not"}`, () => {
    const to = local === undefined ? undefined : { ip: local, port: 443 };
    assert.equal(isOfThisMachine({ ip, port: 40_000 }, to), expected);
  });
}
