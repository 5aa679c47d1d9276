import assert from "node:assert/strict";
import { Page } from "../../../lib/http/policy/page.ts";
import { headerOf, readText } from "../../support/exchanges.ts";

function pageOf(text: string, file = "/pages/error.html"): Page {
  return new Page(file, new TextEncoder().encode(text));
}

const TYPES: readonly [file: string, type: string][] = [
  ["a.html", "text/html; charset=utf-8"],
  ["a.HTM", "text/html; charset=utf-8"],
  ["a.txt", "text/plain; charset=utf-8"],
  ["a.json", "application/json"],
  ["a.json.bak", "text/plain; charset=utf-8"],
];

for (const [file, type] of TYPES) {
  Deno.test(`Page: ${file} is ${type}`, () => {
    assert.equal(headerOf(pageOf("x", file).answer(404, "GET", []), "content-type"), type);
  });
}

const RENDERED: readonly [text: string, rendered: string][] = [
  ["", ""],
  ["no placeholder {st\u00e4tus}", "no placeholder {st\u00e4tus}"],
  ["{status}", "502"],
  ["<h1>{status}</h1> {status}{status}!", "<h1>502</h1> 502502!"],
  ["{{status}}", "{502}"],
];

for (const [text, rendered] of RENDERED) {
  Deno.test(`Page: "${text}" with 502 is "${rendered}"`, async () => {
    const answer = pageOf(text).answer(502, "GET", [["X-A", "b"]]);
    assert.equal(await readText(answer), rendered);
    assert.equal(answer.status, 502);
    assert.equal(headerOf(answer, "x-a"), "b");
    const length = new TextEncoder().encode(rendered).length;
    assert.equal(headerOf(answer, "content-length"), String(length));
  });
}

Deno.test("Page: RFC 9110 §9.3.2, HEAD is told the length and sent no body", () => {
  const answer = pageOf("{status} gone").answer(410, "HEAD", []);
  assert.equal(answer.body, undefined);
  assert.equal(headerOf(answer, "content-length"), "8");
});

Deno.test("Page: bytes that are no UTF-8 stay as they are", () => {
  const answer = new Page("a.txt", new Uint8Array([0xff, 0x00, 0xfe])).answer(500, "GET", []);
  assert.deepEqual([...answer.body as Uint8Array], [0xff, 0x00, 0xfe]);
});
