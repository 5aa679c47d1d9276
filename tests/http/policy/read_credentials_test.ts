import assert from "node:assert/strict";
import type { HeaderLine } from "../../../lib/http/message.ts";
import { readCredentials, withoutCredentials } from "../../../lib/http/policy/read_credentials.ts";
import { basic } from "./password_hashes.ts";

/** `name|password`, or undefined. */
function read(...headers: HeaderLine[]): string | undefined {
  const found = readCredentials(headers);
  return found && `${found.name}|${new TextDecoder().decode(found.password)}`;
}

const CASES: readonly [value: string, read: string | undefined][] = [
  // RFC 7617 §2 and §2.1.
  ["Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==", "Aladdin|open sesame"],
  ["Basic dGVzdDoxMjPCow==", "test|123£"],
  ["bAsIc   QTpi", "A|b"],
  ["Basic QTpi ", "A|b"],
  ["Basic QTpiYw", "A|bc"],
  ["Basic YTpiOmM=", "a|b:c"],
  ["Basic OmI=", "|b"],
  ["Basic YTo=", "a|"],
  ["Basic", undefined],
  ["Basic ", undefined],
  ["Basic YWI=", undefined],
  ["Basic QTpi, Basic QTpi", undefined],
  ["Basic Q*pi", undefined],
  ["Basic QTpi QTpi", undefined],
  ["BasicQTpi", undefined],
  ["Bearer QTpi", undefined],
  ['Digest username="a"', undefined],
  ["", undefined],
];

for (const [value, expected] of CASES) {
  Deno.test(`readCredentials: RFC 7617 §2, ${JSON.stringify(value)} is ${expected}`, () => {
    assert.equal(read(["AUTHORIZATION", value]), expected);
  });
}

Deno.test("readCredentials: two lines are none, for nobody knows which one counts", () => {
  assert.equal(read(basic("a", "b"), basic("a", "b")), undefined);
  assert.equal(read(), undefined);
  assert.equal(read(["Proxy-Authorization", basic("a", "b")[1]]), undefined);
});

Deno.test("withoutCredentials: takes every such line, and no other", () => {
  const headers: HeaderLine[] = [["A", "b"], basic("a", "b"), ["authorization", "x"], ["C", "d"]];
  assert.deepEqual(withoutCredentials(headers), [["A", "b"], ["C", "d"]]);
});
