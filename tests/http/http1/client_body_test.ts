import assert from "node:assert/strict";
import { Failure } from "../../../lib/base/failures.ts";
import { ClientBody } from "../../../lib/http/http1/client_body.ts";
import { ClientInput } from "../../../lib/http/http1/client_input.ts";
import { decodeLatin1 } from "../../../lib/http/http1/latin1.ts";
import { MemoryConnection } from "../../support/memory_connection.ts";

type Framing = ConstructorParameters<typeof ClientBody>[1];

function open(framing: Framing, options: { readonly expects?: boolean } = {}) {
  const connection = new MemoryConnection();
  const input = new ClientInput(connection, () => {});
  const events: string[] = [];
  const note = (event: string) => () => void events.push(event);
  const body = new ClientBody(input, framing, {
    sendContinue: options.expects
      ? () => Promise.resolve(events.push("100")).then(() => {})
      : undefined,
    beginWait: note("wait"),
    endWait: note("lift"),
    onEnd: note("end"),
  });
  return { connection, input, body, events };
}

async function readAll(body: ClientBody): Promise<string> {
  let text = "";
  const target = new Uint8Array(4);
  for (let count; (count = await body.read(target)) > 0;) {
    text += decodeLatin1(target.subarray(0, count));
  }
  return text;
}

Deno.test("ClientBody: reads its length and not a byte further", async () => {
  const { connection, input, body, events } = open({ kind: "length", length: 11 });
  assert.deepEqual([body.length, body.leftBytes, body.isTouched], [11, 11, false]);
  connection.send("hello worldGET");
  assert.equal(await readAll(body), "hello world");
  assert.deepEqual([body.leftBytes, body.isTouched, body.isEnded], [0, true, true]);
  assert.equal(await body.read(new Uint8Array(1)), 0, "the end stays the end");
  assert.equal(events.filter((event) => event === "end").length, 1);
  await input.fill();
  assert.equal(decodeLatin1(input.buffered), "GET");
});

Deno.test("ClientBody: chunks and their trailers", async () => {
  const { connection, body } = open({ kind: "chunked" });
  connection.send("2\r\nhe\r\n3\r\nllo\r\n0\r\nX: y\r\n\r\nGET");
  assert.deepEqual([body.length, body.leftBytes, body.trailers], [undefined, undefined, []]);
  assert.equal(await readAll(body), "hello");
  assert.deepEqual(body.trailers, [["X", "y"]]);
});

const BROKEN: readonly [name: string, framing: Framing, sent: string, kind: string][] = [
  ["a length cut off", { kind: "length", length: 9 }, "four", "client_gone"],
  ["chunks cut off", { kind: "chunked" }, "4\r\nfour\r\n", "client_gone"],
  ["chunks that break the grammar", { kind: "chunked" }, "four\r\n", "client_malformed"],
  ["a chunk line without end", { kind: "chunked" }, `1;${"x".repeat(2_000)}`, "client_malformed"],
];
for (const [name, framing, sent, kind] of BROKEN) {
  Deno.test(`ClientBody: ${name} is ${kind}`, async () => {
    const { connection, body, events } = open(framing);
    connection.send(sent);
    connection.end();
    await assert.rejects(readAll(body), (error) => error instanceof Failure && error.kind === kind);
    assert.equal(events.at(-1), "lift", "no limit is left behind");
    assert.equal(await body.drain(new Uint8Array(16), 1_000), false, "and cannot be drained");
  });
}

Deno.test("ClientBody: RFC 9110 §10.1.1, 100 is sent before the first read, once", async () => {
  const { connection, body, events } = open({ kind: "length", length: 2 }, { expects: true });
  assert.equal(body.isAwaited, true);
  const reading = body.read(new Uint8Array(1));
  assert.equal(body.isAwaited, false);
  connection.send("ab");
  await reading;
  await body.read(new Uint8Array(1));
  assert.deepEqual(events.filter((event) => event === "100"), ["100"]);
  assert.equal(events[0], "100");
});

Deno.test("ClientBody: RFC 9110 §10.1.1, no 100 to a client that has begun to send", async () => {
  const { connection, input, body, events } = open({ kind: "length", length: 2 }, {
    expects: true,
  });
  connection.send("ab");
  await input.fill();
  assert.equal(await readAll(body), "ab");
  assert.ok(!events.includes("100"));
});

Deno.test("ClientBody: a reader that waits when the body is given up gets nothing", async () => {
  const { connection, body } = open({ kind: "length", length: 8 });
  const reading = body.read(new Uint8Array(4));
  const refused = assert.rejects(reading, /not wanted any more/);
  const settled = body.settle();
  connection.send("abcdefgh");
  await Promise.all([refused, settled]);
  await assert.rejects(body.read(new Uint8Array(4)), /not wanted any more/);
  assert.equal(await body.drain(new Uint8Array(3), 100), true);
});

Deno.test("ClientBody: draining ends at its limit", async () => {
  const { connection, body } = open({ kind: "length", length: 100 });
  connection.send("x".repeat(100));
  body.cancel();
  assert.equal(await body.drain(new Uint8Array(10), 30), false);
  assert.equal(body.leftBytes, 70);
});
