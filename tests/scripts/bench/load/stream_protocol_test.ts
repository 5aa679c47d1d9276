import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { parseClientHello } from "../../../../lib/tls/client_hello.ts";
import {
  BEHAVIOURS,
  decodeCount,
  encodeCount,
  helloFor,
  serverNameOf,
} from "../../../../scripts/bench/load/stream_protocol.ts";

for (const behaviour of BEHAVIOURS) {
  Deno.test(`helloFor: ${behaviour} is a whole hello with the name that routes to it`, () => {
    const result = parseClientHello(helloFor(behaviour), { maxBytes: 1024 });
    strictEqual(result.kind, "hello");
    strictEqual("serverName" in result && result.serverName, serverNameOf(behaviour));
  });
}

for (const count of [0, 1, 255, 2 ** 32, 2 ** 40 + 1, Number.MAX_SAFE_INTEGER]) {
  Deno.test(`encodeCount, decodeCount: ${count} comes back`, () => {
    strictEqual(decodeCount(encodeCount(count)), count);
  });
}

Deno.test("decodeCount: reads from where its bytes begin, not from their buffer's start", () => {
  const bytes = new Uint8Array([9, 9, 9, ...encodeCount(1000)]);
  deepStrictEqual(decodeCount(bytes.subarray(3)), 1000);
});
