import assert from "node:assert/strict";
import { redirectPath, respondWith } from "../../../lib/http/policy/path_answers.ts";
import { headerOf, makeExchange, readText } from "../../support/exchanges.ts";

const REDIRECTS: readonly [target: string, location: string, keepsTarget: boolean, to: string][] = [
  ["/a?b", "https://c.d", true, "https://c.d/a?b"],
  ["*", "https://c.d", true, "https://c.d/"],
  ["/a?b", "https://c.d/e", false, "https://c.d/e"],
  ["/a?b", "/e?f", false, "/e?f"],
];

for (const [target, location, keepsTarget, to] of REDIRECTS) {
  Deno.test(`redirectPath: ${target} to ${location}, RFC 9110 §15.4`, async () => {
    const redirect = redirectPath({ location, keepsTarget, status: 307 });
    const answer = await redirect(makeExchange({ target }));
    assert.equal(answer.status, 307);
    assert.equal(headerOf(answer, "location"), to);
    assert.equal(headerOf(answer, "cache-control"), undefined);
    assert.equal(await readText(answer), `${to}\n`);
  });
}

Deno.test("respondWith: answers with the text, in UTF-8", async () => {
  const respond = respondWith({ status: 410, body: "fort – weg\n", contentType: "text/plain" });
  const answer = await respond(makeExchange());
  assert.equal(answer.status, 410);
  assert.equal(headerOf(answer, "content-type"), "text/plain");
  assert.equal(await readText(answer), "fort – weg\n");
});

for (const [status, body] of [[404, ""], [204, "x"], [205, "x"], [304, "x"]] as const) {
  Deno.test(`respondWith: ${status} with "${body}" has no body and says nothing of one`, async () => {
    const answer = await respondWith({ status, body, contentType: "text/plain" })(makeExchange());
    assert.deepEqual(answer, { status, reason: "", headers: [], body: undefined });
  });
}
