import assert from "node:assert/strict";
import { discardBody, isBodiless, plainAnswer } from "../../lib/http/answer.ts";
import { headerOf, makeAnswer, makeBody, readText } from "../support/exchanges.ts";
import { ScriptedConnection } from "../support/scripted_connection.ts";

Deno.test("isBodiless: RFC 9110 §6.4.1, statuses that have no body", () => {
  for (const status of [100, 101, 103, 204, 304]) assert.ok(isBodiless(status), `${status}`);
  for (const status of [200, 205, 206, 301, 400, 500, 599]) {
    assert.ok(!isBodiless(status), `${status}`);
  }
});

Deno.test("discardBody: a body is cancelled, a tunnel closed, bytes need nothing", () => {
  const body = makeBody("unread");
  discardBody(makeAnswer(200, [], body));
  assert.ok(body.isCancelled);
  discardBody(makeAnswer(200, [], new Uint8Array(1)));
  discardBody(makeAnswer(200));
  const connection = new ScriptedConnection();
  discardBody({ ...makeAnswer(101), tunnel: { connection, initial: new Uint8Array(0) } });
  assert.ok(connection.isClosed);
});

Deno.test("plainAnswer: short text that is not kept by caches, fields of its own on top", async () => {
  const answer = plainAnswer(421, "No", [["Connection", "close"]]);
  assert.equal(answer.status, 421);
  assert.equal(await readText(answer), "No\n");
  assert.equal(headerOf(answer, "cache-control"), "no-store");
  assert.equal(headerOf(answer, "connection"), "close");
  assert.equal(headerOf(answer, "content-type"), "text/plain; charset=utf-8");
});
