import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { parseClientHello } from "../../../../lib/tls/client_hello.ts";
import {
  BEHAVIOURS,
  decodeCount,
  encodeCount,
  helloFor,
  serverNameOf,
  tableHelloFor,
  tableNameOf,
} from "../../../../scripts/bench/load/stream_protocol.ts";

for (const behaviour of BEHAVIOURS) {
  Deno.test(`helloFor: ${behaviour} is a whole hello with the name that routes to it`, () => {
    const result = parseClientHello(helloFor(behaviour), { maxBytes: 1024 });
    strictEqual(result.kind, "hello");
    strictEqual("serverName" in result && result.serverName, serverNameOf(behaviour));
  });
}

Deno.test("tableHelloFor: names are different, and hellos as long as those of the backends", () => {
  for (const index of [0, 9, 99_999]) {
    const hello = tableHelloFor(index);
    strictEqual(hello.length, helloFor("echo").length);
    const result = parseClientHello(hello, { maxBytes: 1024 });
    strictEqual("serverName" in result && result.serverName, tableNameOf(index));
  }
  strictEqual(tableNameOf(1) === tableNameOf(11), false);
});

for (const count of [0, 1, 255, 2 ** 32, 2 ** 40 + 1, Number.MAX_SAFE_INTEGER]) {
  Deno.test(`encodeCount, decodeCount: ${count} comes back`, () => {
    strictEqual(decodeCount(encodeCount(count)), count);
  });
}

Deno.test("decodeCount: reads from where its bytes begin, not from their buffer's start", () => {
  const bytes = new Uint8Array([9, 9, 9, ...encodeCount(1000)]);
  deepStrictEqual(decodeCount(bytes.subarray(3)), 1000);
});
