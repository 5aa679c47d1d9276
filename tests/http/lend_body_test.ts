import assert from "node:assert/strict";
import { lendBody } from "../../lib/http/lend_body.ts";
import { makeBody } from "../support/exchanges.ts";

const read = (stream: ReadableStream<Uint8Array>) => new Response(stream as BodyInit).text();

Deno.test("lendBody: gives the bytes and the length", async () => {
  const lent = lendBody(makeBody("one", "two"));
  assert.equal(lent.length, 6);
  assert.equal(await read(lent.stream), "onetwo");
});

Deno.test("lendBody: reads nothing before it is read", async () => {
  const body = makeBody("one");
  lendBody(body);
  await Promise.resolve();
  assert.equal(body.reads, 0);
  assert.equal(body.stream.locked, false);
});

Deno.test("lendBody: what is given up unread can be lent again, whole", async () => {
  const body = makeBody("one", "two");
  await lendBody(body).stream.cancel();
  assert.equal(body.isCancelled, false);
  assert.equal(body.stream.locked, false);
  assert.equal(await read(lendBody(body).stream), "onetwo");
});

Deno.test("lendBody: what is given up in the middle is over, and cannot be lent again", async () => {
  const body = makeBody("one", "two");
  const reader = lendBody(body).stream.getReader();
  await reader.read();
  await reader.cancel();
  assert.ok(body.isCancelled);
  assert.ok(body.stream.locked);
  await assert.rejects(lendBody(body).stream.getReader().read());
});

Deno.test("lendBody: a body that breaks off breaks off", async () => {
  const stream = new ReadableStream({ pull: (controller) => controller.error(new Error("cut")) });
  await assert.rejects(read(lendBody({ length: undefined, stream }).stream), /cut/);
});
