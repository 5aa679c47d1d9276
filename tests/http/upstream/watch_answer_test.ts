import assert from "node:assert/strict";
import type { Answer, Body } from "../../../lib/http/message.ts";
import { watchAnswer } from "../../../lib/http/upstream/watch_answer.ts";

const ANSWER: Answer = { status: 200, reason: "OK", headers: [["A", "b"]], body: undefined };

/** A body of so many pieces of one byte; then its end, or a failure. */
function makeBody(pieces: number, error?: Error) {
  const seen = { cancels: 0 };
  let isTouched = false;
  const body: Body = {
    length: pieces,
    trailers: [["T", "u"]],
    get isTouched() {
      return isTouched;
    },
    read(target) {
      isTouched = true;
      if (pieces-- > 0) {
        target[0] = 7;
        return Promise.resolve(1);
      }
      return error === undefined ? Promise.resolve(0) : Promise.reject(error);
    },
    cancel: () => void seen.cancels++,
  };
  return { body, seen };
}

/** Watches an answer. */
async function watch(answer: Partial<Answer>) {
  const ends = { count: 0 };
  const watched = await watchAnswer(
    Promise.resolve({ ...ANSWER, ...answer }),
    () => void ends.count++,
  );
  return { watched, ends, body: watched.body as Body };
}

for (const body of [undefined, Uint8Array.of(1)]) {
  Deno.test(`watchAnswer: with ${body === undefined ? "no body" : "bytes"} it is over at once`, async () => {
    const { watched, ends } = await watch({ body });
    assert.equal(ends.count, 1);
    assert.deepEqual(watched, { ...ANSWER, body });
  });
}

Deno.test("watchAnswer: without an answer it is over", async () => {
  let ends = 0;
  const failing = watchAnswer(Promise.reject(new Error("refused")), () => void ends++);
  await assert.rejects(failing, /refused/);
  assert.equal(ends, 1);
});

Deno.test("watchAnswer: a body is read as before, and over at its end", async () => {
  const { body: inner, seen } = makeBody(2);
  const { ends, body } = await watch({ body: inner });
  assert.deepEqual([body.length, body.trailers, body.isTouched], [2, [["T", "u"]], false]);
  const target = new Uint8Array(4);
  assert.equal(await body.read(target), 1);
  assert.deepEqual([target[0], body.isTouched, ends.count], [7, true, 0]);
  assert.deepEqual([await body.read(target), await body.read(target)], [1, 0]);
  assert.equal(ends.count, 1);
  body.cancel();
  assert.deepEqual([ends.count, seen.cancels], [1, 1], "told once");
});

Deno.test("watchAnswer: a body of known length is over with its last byte: nobody asks for more", async () => {
  const { body: inner } = makeBody(2);
  const { ends, body } = await watch({ body: inner });
  const target = new Uint8Array(4);
  await body.read(target);
  assert.equal(ends.count, 0);
  await body.read(target);
  assert.equal(ends.count, 1);
  assert.equal(await body.read(target), 0);
  assert.equal(ends.count, 1, "told once");
});

Deno.test("watchAnswer: a body of unknown length is over at its end", async () => {
  const { body: inner } = makeBody(2);
  const { ends, body } = await watch({
    body: Object.defineProperty(inner, "length", { value: undefined }),
  });
  const target = new Uint8Array(4);
  await body.read(target);
  await body.read(target);
  assert.equal(ends.count, 0);
  assert.equal(await body.read(target), 0);
  assert.equal(ends.count, 1);
});

Deno.test("watchAnswer: a body that is cut off, or that nobody wants, is over", async () => {
  const cut = await watch({ body: makeBody(0, new Error("cut off")).body });
  await assert.rejects(cut.body.read(new Uint8Array(1)), /cut off/);
  assert.equal(cut.ends.count, 1);
  const { body: inner, seen } = makeBody(5);
  const given = await watch({ body: inner });
  given.body.cancel();
  given.body.cancel();
  assert.deepEqual([given.ends.count, seen.cancels], [1, 2]);
});

Deno.test("watchAnswer: a tunnel is over when its connection is closed", async () => {
  const calls: string[] = [];
  const connection = {
    read: () => Promise.resolve(calls.push("read")),
    write: () => Promise.resolve(calls.push("write")),
    closeWrite: () => Promise.resolve(void calls.push("closeWrite")),
    close: () => void calls.push("close"),
  };
  const initial = Uint8Array.of(1);
  const { watched, ends } = await watch({ status: 101, tunnel: { connection, initial } });
  const { tunnel } = watched;
  assert.equal(tunnel!.initial, initial);
  assert.equal(await tunnel!.connection.read(initial), 1);
  assert.equal(await tunnel!.connection.write(initial), 2);
  await tunnel!.connection.closeWrite();
  assert.equal(ends.count, 0);
  tunnel!.connection.close();
  tunnel!.connection.close();
  assert.equal(ends.count, 1);
  assert.deepEqual(calls, ["read", "write", "closeWrite", "close", "close"]);
});
