import assert from "node:assert/strict";
import { Failure } from "../../../lib/base/failures.ts";
import { HTTP2_STREAM_WINDOW_BYTES } from "../../../lib/base/http2_limits.ts";
import { RequestBody, type RequestBodyOwner } from "../../../lib/http/http2/request_body.ts";
import { Random } from "../../support/random.ts";

/** Notes what it is told, and lets reads go on when asked to. */
class Owner implements RequestBodyOwner {
  readonly events: string[] = [];
  /** Read or dropped. */
  usedBytes = 0;
  readBytes = 0;
  /** Buffers that have not been given back. */
  lent = 0;
  #filled: RequestBody[] = [];

  onWanted(): void {
    this.events.push("wanted");
  }

  onWait(): void {
    this.events.push("wait");
  }

  onWaited(): void {
    this.events.push("waited");
  }

  onRead(_body: RequestBody, bytes: number): void {
    this.usedBytes += bytes;
    this.readBytes += bytes;
  }

  onDropped(_body: RequestBody, bytes: number): void {
    this.usedBytes += bytes;
  }

  onFilled(body: RequestBody): void {
    this.#filled.push(body);
  }

  takeBuffer(bytes: number): Uint8Array {
    this.lent++;
    return new Uint8Array(bytes).fill(0xee);
  }

  giveBuffer(buffer: Uint8Array): void {
    this.lent--;
    buffer.fill(0xdd);
  }

  settle(): void {
    for (const body of this.#filled.splice(0)) body.settle();
  }
}

function make(options: { readonly length?: number; readonly expectsContinue?: boolean } = {}) {
  const owner = new Owner();
  const { length, expectsContinue = false } = options;
  return { owner, body: new RequestBody(owner, { stream: 1, length, expectsContinue }) };
}

const bytes = (text: string) => new TextEncoder().encode(text);
const gone = (error: unknown) => error instanceof Failure && error.kind === "client_gone";

/** Reads once. */
async function read(body: RequestBody, size = 100): Promise<string> {
  const target = new Uint8Array(size);
  return new TextDecoder().decode(target.subarray(0, await body.read(target)));
}

Deno.test("RequestBody: what came before it was wanted waits, and is used up as it is read", async () => {
  const { body, owner } = make();
  assert.equal(body.isTouched, false);
  body.receive(bytes("hello "));
  body.receive(bytes("world"));
  assert.equal(owner.usedBytes, 0, "only reading uses a window up");
  assert.equal(await read(body, 4), "hell");
  assert.equal(owner.usedBytes, 4);
  assert.equal(await read(body), "o world");
  body.finish([]);
  assert.equal(await read(body), "");
  assert.equal(await read(body), "");
  assert.deepEqual([owner.usedBytes, body.isTouched], [11, true]);
});

Deno.test("RequestBody: a read that waits gets all that comes in one go, and the rest waits", async () => {
  const { body, owner } = make();
  const reading = read(body, 8);
  assert.deepEqual(owner.events, ["wait"]);
  for (const piece of ["abc", "def", "ghi", "j"]) body.receive(bytes(piece));
  assert.equal(owner.usedBytes, 0);
  owner.settle();
  assert.equal(await reading, "abcdefgh");
  assert.deepEqual([owner.events, owner.usedBytes], [["wait", "waited"], 8]);
  assert.equal(await read(body), "ij");
});

Deno.test("RequestBody: the end wakes a read that waits, and comes after what came with it", async () => {
  const empty = make();
  const ending = read(empty.body);
  empty.body.finish([]);
  empty.owner.settle();
  assert.equal(await ending, "");
  const { body, owner } = make();
  const reading = read(body);
  body.receive(bytes("last"));
  body.finish([["x-sum", "1"]]);
  assert.deepEqual(body.isComing, false);
  owner.settle();
  assert.equal(await reading, "last");
  assert.equal(await read(body), "");
  assert.deepEqual(body.trailers, [["x-sum", "1"]]);
});

Deno.test("RequestBody: trailers show only when all of the body has been read", async () => {
  const { body } = make();
  body.receive(bytes("ab"));
  body.finish([["x-sum", "1"]]);
  assert.deepEqual(body.trailers, []);
  await read(body, 1);
  assert.deepEqual(body.trailers, []);
  await read(body, 1);
  assert.deepEqual(body.trailers, [["x-sum", "1"]]);
});

const LENGTHS: readonly [said: number, sent: readonly number[], isRight: boolean][] = [
  [0, [], true],
  [5, [5], true],
  [5, [2, 3], true],
  [5, [], false],
  [5, [4], false],
  [5, [6], false],
  [5, [5, 1], false],
];
for (const [said, sent, isRight] of LENGTHS) {
  Deno.test(`RequestBody: RFC 9113 §8.1.1, ${said} bytes said and ${JSON.stringify(sent)} sent`, () => {
    const { body } = make({ length: said });
    const isTaken = sent.every((count) => body.receive(new Uint8Array(count))) && body.finish([]);
    assert.equal(isTaken, isRight);
  });
}

Deno.test("RequestBody: once cut off it never looks whole, whatever had come", async () => {
  const { body, owner } = make();
  body.receive(bytes("part"));
  body.fail(new Failure("client_gone", "reset"));
  assert.deepEqual([owner.usedBytes, owner.lent], [4, 0], "what is dropped is used up");
  await assert.rejects(body.read(new Uint8Array(9)), gone);
  body.receive(bytes("more"));
  assert.deepEqual([owner.usedBytes, owner.readBytes], [8, 0]);
  body.finish([]);
  await assert.rejects(body.read(new Uint8Array(9)), gone);
});

Deno.test("RequestBody: a read that waits fails at once, also if part of it had come", async () => {
  for (const hasPart of [false, true]) {
    const { body, owner } = make();
    const reading = read(body);
    if (hasPart) body.receive(bytes("part"));
    body.fail(new Failure("client_silent", "silent"));
    body.fail(new Failure("client_gone", "later"));
    owner.settle();
    await assert.rejects(
      reading,
      (error) => error instanceof Failure && error.kind === "client_silent",
    );
    assert.deepEqual(owner.events, ["wait", "waited"]);
    assert.equal(owner.usedBytes, hasPart ? 4 : 0);
  }
});

Deno.test("RequestBody: cancel drops what is there and what comes; after the end it does nothing", async () => {
  const { body, owner } = make();
  body.receive(bytes("part"));
  body.cancel();
  body.cancel();
  body.receive(bytes("more"));
  assert.equal(owner.usedBytes, 8);
  await assert.rejects(body.read(new Uint8Array(9)), gone);
  const over = make().body;
  over.finish([]);
  over.cancel();
  assert.equal(await read(over), "");
});

Deno.test("RequestBody: RFC 9110 §10.1.1, the body is asked for once, unless it is coming", async () => {
  const asked = make({ expectsContinue: true });
  const reading = read(asked.body);
  assert.deepEqual(asked.owner.events, ["wanted", "wait"]);
  asked.body.receive(bytes("a"));
  asked.owner.settle();
  await reading;
  void read(asked.body).catch(() => {});
  assert.equal(asked.owner.events.filter((event) => event === "wanted").length, 1);
  const coming = make({ expectsContinue: true });
  coming.body.receive(bytes("a"));
  await read(coming.body);
  assert.deepEqual(coming.owner.events, []);
});

const SEED = 20_261_121;
Deno.test(`RequestBody: any order of coming and reading gives the same bytes (seed ${SEED})`, async () => {
  const random = new Random(SEED);
  for (let round = 0; round < 200; round++) {
    const { body, owner } = make();
    const sent: number[] = [];
    const got: number[] = [];
    let reading: Promise<void> | undefined;
    const begin = () => {
      const target = new Uint8Array(1 + random.below(5_000));
      reading = body.read(target).then((count) => {
        got.push(...target.subarray(0, count));
        reading = undefined;
      });
    };
    for (let step = 0; step < 30; step++) {
      if (reading === undefined && random.below(2) === 0) begin();
      const piece = Uint8Array.from({ length: 1 + random.below(3_000) }, () => random.below(256));
      sent.push(...piece);
      body.receive(piece);
      if (random.below(3) > 0) owner.settle();
      await Promise.resolve();
      await Promise.resolve();
    }
    body.finish([]);
    owner.settle();
    while (reading !== undefined) await reading;
    for (let isOver = false; !isOver;) {
      const before = got.length;
      begin();
      await reading;
      isOver = got.length === before;
    }
    assert.deepEqual(got, sent);
    assert.deepEqual([owner.usedBytes, owner.readBytes], [sent.length, sent.length]);
    assert.equal(owner.lent, 0);
  }
});

Deno.test("RequestBody: holds as much as its window, in one buffer, however small the pieces", () => {
  const { body, owner } = make();
  const sizes: number[] = [];
  owner.takeBuffer = (bytes) => {
    owner.lent++;
    sizes.push(bytes);
    return new Uint8Array(bytes);
  };
  const piece = new Uint8Array(16);
  for (let count = 0; count < HTTP2_STREAM_WINDOW_BYTES; count += piece.length) body.receive(piece);
  assert.equal(sizes.at(-1), HTTP2_STREAM_WINDOW_BYTES);
  assert.ok(sizes.length <= 10, `${sizes}`);
  assert.equal(owner.lent, 1);
  body.cancel();
  assert.equal(owner.lent, 0);
});
