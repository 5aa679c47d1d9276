import assert from "node:assert/strict";
import type { AnswerFraming } from "../../../lib/http/http1/answer_plan.ts";
import { makeBodyReader } from "../../../lib/http/http1/body_reader.ts";
import { BufferedConnection } from "../../../lib/http/http1/buffered_connection.ts";
import { decodeLatin1, encodeLatin1 } from "../../../lib/http/http1/latin1.ts";
import { writeBody } from "../../../lib/http/http1/write_body.ts";
import type { Body, HeaderLine } from "../../../lib/http/message.ts";
import { Random } from "../../support/random.ts";
import { ScriptedConnection } from "../../support/scripted_connection.ts";

const SEED = 20_261_121;
const HEAD = "HEAD\r\n\r\n";

/** A body of pieces; a promise is waited for, an error breaks it off. */
function bodyOf(
  parts: readonly (string | Uint8Array | Promise<void> | Error)[],
  trailers: readonly HeaderLine[] = [],
): Body {
  const left = [...parts];
  return {
    length: undefined,
    trailers,
    isTouched: true,
    cancel: () => {},
    async read(target) {
      for (;;) {
        const part = left.shift();
        if (part === undefined) return 0;
        if (part instanceof Error) throw part;
        if (part instanceof Promise) await part;
        else {
          const bytes = typeof part === "string" ? encodeLatin1(part) : part;
          const piece = bytes.subarray(0, target.length);
          target.set(piece);
          if (piece.length < bytes.length) left.unshift(bytes.subarray(piece.length));
          return piece.length;
        }
      }
    },
  };
}

/** Writes and returns each write as text. */
async function write(
  body: Body,
  framing: AnswerFraming,
  options: { readonly room?: number; readonly headers?: readonly HeaderLine[] } = {},
): Promise<{ readonly sent: string[]; readonly error: unknown }> {
  const { room = 4_096, headers = [] } = options;
  const buffer = new Uint8Array(room);
  buffer.set(encodeLatin1(HEAD));
  const sent: string[] = [];
  const send = (bytes: Uint8Array) => Promise.resolve(void sent.push(decodeLatin1(bytes)));
  let error: unknown;
  try {
    await writeBody(body, { framing, headers, buffer, headBytes: HEAD.length, send });
  } catch (thrown) {
    error = thrown;
  }
  return { sent, error };
}

const LENGTH_5: AnswerFraming = { kind: "length", length: "5" };
const CHUNKED: AnswerFraming = { kind: "chunked" };
const CLOSE: AnswerFraming = { kind: "close" };

const CASES: readonly [name: string, body: Body, framing: AnswerFraming, sent: string[]][] = [
  ["the head and the first piece leave together", bodyOf(["hello"]), LENGTH_5, [`${HEAD}hello`]],
  ["pieces", bodyOf(["he", "llo"]), LENGTH_5, [`${HEAD}he`, "llo"]],
  ["a chunk", bodyOf(["hello"]), CHUNKED, [`${HEAD}5\r\nhello\r\n`, "0\r\n\r\n"]],
  ["chunks", bodyOf(["he", "llo"]), CHUNKED, [`${HEAD}2\r\nhe\r\n`, "3\r\nllo\r\n", "0\r\n\r\n"]],
  ["no chunk", bodyOf([]), CHUNKED, [HEAD, "0\r\n\r\n"]],
  ["the end of the connection", bodyOf(["he", "llo"]), CLOSE, [`${HEAD}he`, "llo"]],
  ["a length of 0", bodyOf([]), { kind: "length", length: "0" }, [HEAD]],
  [
    "trailers, but those that decide",
    bodyOf(["a"], [["X-Sum", "1"], ["Content-Length", "9"], ["Host", "b"]]),
    CHUNKED,
    [`${HEAD}1\r\na\r\n`, "0\r\nX-Sum: 1\r\n\r\n"],
  ],
];
for (const [name, body, framing, expected] of CASES) {
  Deno.test(`writeBody: ${name}`, async () => {
    assert.deepEqual(await write(body, framing), { sent: expected, error: undefined });
  });
}

Deno.test("writeBody: the head does not wait for a body that is still being made", async () => {
  const released = Promise.withResolvers<void>();
  const sent: string[] = [];
  const buffer = new Uint8Array(4_096);
  buffer.set(encodeLatin1(HEAD));
  const writing = writeBody(bodyOf([released.promise, "late"]), {
    framing: CHUNKED,
    headers: [],
    buffer,
    headBytes: HEAD.length,
    send: (bytes) => Promise.resolve(void sent.push(decodeLatin1(bytes))),
  });
  await new Promise((resolve) => setTimeout(resolve, 0));
  assert.deepEqual(sent, [HEAD]);
  released.resolve();
  await writing;
  assert.deepEqual(sent.slice(1), ["4\r\nlate\r\n", "0\r\n\r\n"]);
});

const BROKEN: readonly [name: string, body: Body, framing: AnswerFraming, sent: RegExp][] = [
  [
    "breaks off",
    bodyOf(["half", new Error("upstream died")]),
    CHUNKED,
    /^HEAD\r\n\r\n4\r\nhalf\r\n$/,
  ],
  // RFC 9112 §9.3.1: without the head a client takes the request for one that nobody has seen.
  ["breaks off at once", bodyOf([new Error("upstream died")]), CHUNKED, /^HEAD\r\n\r\n$/],
  ["is nothing of what was said", bodyOf([new Error("died")]), LENGTH_5, /^HEAD\r\n\r\n$/],
  ["is too short", bodyOf(["half"]), LENGTH_5, /^HEAD\r\n\r\nhalf$/],
  ["is too long", bodyOf(["half", "half"]), LENGTH_5, /^HEAD\r\n\r\nhalf$/],
];
for (const [name, body, framing, expected] of BROKEN) {
  Deno.test(`writeBody: a body that ${name} is not ended`, async () => {
    const { sent, error } = await write(body, framing);
    assert.match(sent.join(""), expected);
    assert.ok(error instanceof Error);
  });
}

Deno.test("writeBody: a head that leaves no room goes first", async () => {
  const { sent } = await write(bodyOf(["hello"]), LENGTH_5, { room: 1_032 });
  assert.deepEqual(sent, [HEAD, "hello"]);
});

Deno.test(`writeBody: sizes around the buffer's, read back by the other side (seed ${SEED})`, async () => {
  const random = new Random(SEED);
  for (const room of [1_100, 2_048]) {
    for (const more of [-25, -13, -12, -11, -10, -9, -3, -2, -1, 0, 1, 2, room]) {
      const bytes = random.bytes(room + more);
      const { sent, error } = await write(bodyOf([bytes]), CHUNKED, { room });
      assert.equal(error, undefined);
      const input = sent.join("").slice(HEAD.length);
      const connection = new BufferedConnection(
        new ScriptedConnection({ input: encodeLatin1(input) }),
        512,
      );
      const reader = makeBodyReader(connection, "upstream", { kind: "chunked" });
      let text = "";
      const target = new Uint8Array(300);
      for (let count; (count = await reader.read(target)) > 0;) {
        text += decodeLatin1(target.subarray(0, count));
      }
      assert.equal(text, decodeLatin1(bytes), `${room} ${more}`);
    }
  }
});
