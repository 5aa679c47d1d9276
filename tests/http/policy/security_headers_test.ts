import assert from "node:assert/strict";
import type { HeaderLine } from "../../../lib/http/message.ts";
import { addSecurityHeaders, SECURITY_HEADERS } from "../../../lib/http/policy/security_headers.ts";
import { makeAnswer, makeExchange } from "../../support/exchanges.ts";

async function linesFor(headers: readonly HeaderLine[]): Promise<readonly HeaderLine[]> {
  const next = () => Promise.resolve(makeAnswer(200, headers));
  return (await addSecurityHeaders(makeExchange(), next)).headers;
}

Deno.test("addSecurityHeaders: adds the preset behind what the server sends", async () => {
  assert.deepEqual(await linesFor([]), SECURITY_HEADERS);
  assert.deepEqual(await linesFor([["A", "b"]]), [["A", "b"], ...SECURITY_HEADERS]);
  assert.deepEqual(SECURITY_HEADERS.map(([name]) => name), [
    "X-Content-Type-Options",
    "Referrer-Policy",
    "X-Frame-Options",
  ]);
});

for (const [name, value] of SECURITY_HEADERS) {
  Deno.test(`addSecurityHeaders: leaves a server's ${name} alone, RFC 9110 §5.1 in any case`, async () => {
    const theirs: HeaderLine = [name.toLowerCase(), `other than ${value}`];
    const others = SECURITY_HEADERS.filter(([each]) => each !== name);
    assert.deepEqual(await linesFor([theirs]), [theirs, ...others]);
  });
}

Deno.test("addSecurityHeaders: hands an answer that has them all on as it is", async () => {
  const answer = makeAnswer(200, SECURITY_HEADERS);
  assert.equal(await addSecurityHeaders(makeExchange(), () => Promise.resolve(answer)), answer);
});
