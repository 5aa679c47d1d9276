import assert from "node:assert/strict";
import type { Answer, HeaderLine } from "../../../lib/http/message.ts";
import { plainAnswer } from "../../../lib/http/answer.ts";
import { showErrorPages } from "../../../lib/http/policy/error_pages.ts";
import { Page } from "../../../lib/http/policy/page.ts";
import { headerOf, makeAnswer, makeBody, makeExchange, readText } from "../../support/exchanges.ts";

const PAGES = new Map(["404.html", "4xx.html", "502.html"].map((file) => {
  return [file, new Page(file, new TextEncoder().encode(`${file} says {status}`))];
}));

const FILES = { "404": "404.html", "4xx": "4xx.html", "502": "502.html" };

function ask(answer: Answer, options: { intercept?: boolean; method?: string } = {}) {
  const { intercept = false, method = "GET" } = options;
  const policy = showErrorPages({ files: FILES, intercept }, PAGES);
  return Promise.resolve(policy(makeExchange({ method }), () => Promise.resolve(answer)));
}

const OWN: readonly [status: number, shown: string][] = [
  [404, "404.html says 404"],
  [413, "4xx.html says 413"],
  [499, "4xx.html says 499"],
  [502, "502.html says 502"],
  [503, "own\n"],
  [200, "own\n"],
  [308, "own\n"],
];

for (const [status, shown] of OWN) {
  Deno.test(`showErrorPages: an answer of our own with ${status} shows "${shown.trim()}"`, async () => {
    const answer = await ask(plainAnswer(status, "own"));
    assert.equal(await readText(answer), shown);
    assert.equal(answer.status, status);
    assert.equal(headerOf(answer, "cache-control"), "no-store");
  });
}

Deno.test("showErrorPages: a server's answer stays as it is, unless it is to be intercepted", async () => {
  const theirs = makeAnswer(404, [["ETag", '"x"']], makeBody("theirs"));
  assert.equal(await ask(theirs), theirs);
  const unknown = makeAnswer(500, [], makeBody("theirs"));
  assert.equal(await ask(unknown, { intercept: true }), unknown);
  const good = makeAnswer(206, [], makeBody("theirs"));
  assert.equal(await ask(good, { intercept: true }), good);
});

Deno.test("showErrorPages: RFC 9110 §8, nothing of a replaced body is told, and the rest is", async () => {
  const body = makeBody("theirs");
  const aboutTheBody: readonly HeaderLine[] = [
    ["content-type", "text/plain"],
    ["Content-Encoding", "br"],
    ["Content-Length", "6"],
    ["Transfer-Encoding", "chunked"],
    ["ETag", '"x"'],
    ["Last-Modified", "Thu, 01 Jan 1970 00:00:00 GMT"],
    ["Accept-Ranges", "bytes"],
    ["Content-Range", "bytes */6"],
  ];
  const kept: readonly HeaderLine[] = [
    ["WWW-Authenticate", "Basic"],
    ["Set-Cookie", "a=1"],
    ["Set-Cookie", "b=2"],
    ["Content-Security-Policy", "default-src 'self'"],
    ["Retry-After", "5"],
  ];
  const answer = await ask(makeAnswer(401, [...aboutTheBody, ...kept], body), { intercept: true });
  assert.equal(await readText(answer), "4xx.html says 401");
  assert.deepEqual(answer.headers, [
    ["Content-Type", "text/html; charset=utf-8"],
    ["Content-Length", "17"],
    ...kept,
  ]);
  // Nobody reads it any more: its connection must not wait for that.
  assert.equal(body.isCancelled, true);
});

Deno.test("showErrorPages: RFC 9110 §9.3.2, HEAD has no body", async () => {
  const answer = await ask(plainAnswer(404, "own"), { method: "HEAD" });
  assert.equal(answer.body, undefined);
  assert.equal(headerOf(answer, "content-length"), "17");
});

Deno.test("showErrorPages: a page is not replaced by another one", async () => {
  const first = await ask(plainAnswer(404, "own"));
  assert.equal(await ask(first), first);
});
