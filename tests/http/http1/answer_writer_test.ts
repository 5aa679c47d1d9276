import assert from "node:assert/strict";
import { ANSWER_HEAD_ROOM_BYTES, CLIENT_WRITE_TIMEOUT_MS } from "../../../lib/base/limits.ts";
import { AnswerWriter } from "../../../lib/http/http1/answer_writer.ts";
import { BufferPool } from "../../../lib/http/http1/buffer_pool.ts";
import { HeadWriter, HeadWriterError } from "../../../lib/http/http1/head_writer.ts";
import { HttpDate } from "../../../lib/http/http1/http_date.ts";
import { Watchdog } from "../../../lib/base/watchdog.ts";
import type { Answer, Body } from "../../../lib/http/message.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { textAnswer } from "../../support/http1_place.ts";
import { MemoryConnection } from "../../support/memory_connection.ts";

const GET = { method: "GET", version: 1 } as const;

function open() {
  const clock = new FakeClock();
  const connection = new MemoryConnection();
  const buffers = new BufferPool(ANSWER_HEAD_ROOM_BYTES, 4);
  const tools = { buffers, date: new HttpDate(clock), headWriter: new HeadWriter() };
  const writer = new AnswerWriter(connection, tools, new Watchdog(clock, () => connection.close()));
  return { clock, connection, buffers, writer };
}

/** A body that notes whether it was given up. */
function watchedBody(read: Body["read"]): Body & { cancels: number } {
  return {
    length: undefined,
    trailers: [],
    isTouched: false,
    cancels: 0,
    read,
    cancel() {
      this.cancels++;
    },
  };
}

Deno.test("AnswerWriter: the head and bytes at hand leave in one write", async () => {
  const { connection, writer, buffers } = open();
  assert.equal(await writer.write(GET, textAnswer("hello"), false), true);
  assert.equal(connection.writes, 1);
  assert.match(connection.written, /^HTTP\/1\.1 200 OK\r\n[^]*Content-Length: 5\r\n\r\nhello$/);
  assert.equal(buffers.idle, 1, "and the buffer is given back");
});

Deno.test("AnswerWriter: bytes that do not fit leave behind the head", async () => {
  const { connection, writer } = open();
  const text = "x".repeat(ANSWER_HEAD_ROOM_BYTES);
  assert.equal(await writer.write(GET, textAnswer(text), true), true);
  assert.equal(connection.writes, 2);
  assert.match(connection.written, /\r\nConnection: close\r\nContent-Length: 8192\r\n\r\nx{8192}$/);
});

Deno.test("AnswerWriter: bytes with trailers are sent as chunks with them", async () => {
  const { connection, writer } = open();
  const answer: Answer = { ...textAnswer("hello"), trailers: [["X-Sum", "1"], ["Host", "b"]] };
  await writer.write(GET, answer, false);
  assert.match(connection.written, /\r\n\r\n5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n$/);
});

Deno.test("AnswerWriter: HEAD sends no body and gives it up", async () => {
  const { connection, writer } = open();
  const body = watchedBody(() => Promise.reject(new Error("not asked for")));
  const answer: Answer = { status: 200, reason: "", headers: [], body };
  assert.equal(await writer.write({ method: "HEAD", version: 1 }, answer, false), true);
  assert.match(connection.written, /\r\n\r\n$/);
  assert.equal(body.cancels, 1);
});

Deno.test("AnswerWriter: a body that breaks off is cut, given up, and its buffer not lent again", async () => {
  const { connection, writer, buffers } = open();
  let reads = 0;
  const body = watchedBody((target) => {
    if (reads++ > 0) return Promise.reject(new Error("upstream died"));
    target.set([104, 105]);
    return Promise.resolve(2);
  });
  assert.equal(
    await writer.write(GET, { status: 200, reason: "", headers: [], body }, false),
    false,
  );
  assert.match(connection.written, /\r\n\r\n2\r\nhi\r\n$/);
  assert.equal(body.cancels, 1);
  assert.equal(buffers.idle, 0);
});

Deno.test("AnswerWriter: what cannot stand in a head is refused before a byte is written", async () => {
  const { connection, writer } = open();
  const body = watchedBody(() => Promise.resolve(0));
  const answers: Answer[] = [
    { status: 200, reason: "", headers: [["A", "b\r\nc"]], body },
    { status: 200, reason: "", headers: [["A", "b".repeat(ANSWER_HEAD_ROOM_BYTES)]], body },
  ];
  for (const answer of answers) {
    await assert.rejects(writer.write(GET, answer, false), HeadWriterError);
  }
  assert.equal(connection.written, "");
  assert.equal(body.cancels, 2);
});

Deno.test("AnswerWriter: interim responses keep their order and come before the final one", async () => {
  const { connection, writer } = open();
  connection.stall();
  void writer.writeInterim(103, [["Link", "</a>"], ["Content-Length", "9"]]);
  void writer.writeInterim(102, []);
  void writer.writeInterim(103, [["Link", "bad\r\n"]]);
  const writing = writer.write(GET, textAnswer("hello"), false);
  connection.stall(false);
  await writing;
  const statuses = [...connection.written.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) =>
    status
  );
  assert.deepEqual(statuses, ["103", "102", "200"]);
  assert.match(connection.written, /^HTTP\/1\.1 103 Early Hints\r\nLink: <\/a>\r\n\r\n/);
});

Deno.test("AnswerWriter: a client that takes nothing is given up after its limit", async () => {
  const { clock, connection, writer } = open();
  connection.stall();
  const writing = writer.write(GET, textAnswer("hello"), false);
  await clock.advance(CLIENT_WRITE_TIMEOUT_MS - 1);
  assert.equal(connection.isClosed, false);
  await clock.advance(1);
  assert.equal(await writing, false);
});

Deno.test("AnswerWriter: a client that has gone is no error", async () => {
  const { connection, writer } = open();
  connection.reset();
  await writer.writeInterim(103, []);
  assert.equal(await writer.write(GET, textAnswer("hello"), false), false);
});
