import assert from "node:assert/strict";
import { AnswerQueue, type DataSender } from "../../../lib/http/http2/answer_queue.ts";
import type { FrameOutput } from "../../../lib/http/http2/frame_output.ts";
import { WINDOW_START_BYTES } from "../../../lib/http/http2/settings.ts";

const FRAME_BYTES = 100;

/** Has room for so many frames. */
class Output {
  frames = Infinity;

  get dataRoomBytes(): number {
    return this.frames > 0 ? FRAME_BYTES : 0;
  }
}

/** Sends so many bytes, in turns. */
class Sender implements DataSender {
  waits = 0;

  constructor(
    readonly name: string,
    public leftBytes: number,
    readonly place: { queue: AnswerQueue; output: Output; sent: string[] },
  ) {}

  takeTurn(bytesMax: number): void {
    const { output, queue, sent } = this.place;
    const bytes = Math.min(bytesMax, this.leftBytes);
    assert.ok(bytes > 0);
    this.leftBytes -= bytes;
    output.frames--;
    queue.window.spend(bytes);
    sent.push(`${this.name}${bytes}`);
    if (this.leftBytes > 0) queue.add(this);
  }

  noteWait(): void {
    this.waits++;
  }
}

function make() {
  const output = new Output();
  const queue = new AnswerQueue(output as unknown as FrameOutput);
  return { output, queue, sent: [] as string[] };
}

Deno.test("AnswerQueue: answers take turns of one frame each", () => {
  const place = make();
  place.output.frames = 0;
  for (const [name, bytes] of [["a", 300], ["b", 150], ["c", 50]] as const) {
    place.queue.add(new Sender(name, bytes, place));
  }
  assert.deepEqual(place.sent, []);
  place.output.frames = Infinity;
  place.queue.run();
  assert.deepEqual(place.sent, ["a100", "b100", "c50", "a100", "b50", "a100"]);
});

Deno.test("AnswerQueue: goes on where it stopped when the output has room again", () => {
  const place = make();
  place.output.frames = 0;
  place.queue.add(new Sender("a", 200, place));
  place.queue.add(new Sender("b", 200, place));
  const expected = ["a100", "b100", "a100", "b100"];
  for (let turns = 1; turns <= expected.length; turns++) {
    place.output.frames = 1;
    place.queue.run();
    assert.deepEqual(place.sent, expected.slice(0, turns));
  }
});

Deno.test("AnswerQueue: the connection's window is one for all, and whoever waits for it is told", () => {
  const place = make();
  place.queue.window.spend(WINDOW_START_BYTES - 150);
  const senders = ["a", "b"].map((name) => new Sender(name, 200, place));
  for (const sender of senders) place.queue.add(sender);
  assert.deepEqual(place.sent, ["a100", "a50"]);
  assert.ok(senders.every(({ waits }) => waits > 0));
  place.queue.window.add(1_000);
  place.queue.run();
  assert.deepEqual(place.sent.slice(2), ["a50", "b100", "b100"]);
});

Deno.test("AnswerQueue: an answer may overtake nobody", () => {
  const place = make();
  assert.equal(place.queue.roomBytes, FRAME_BYTES);
  place.output.frames = 0;
  assert.equal(place.queue.roomBytes, 0);
  place.queue.add(new Sender("a", 10, place));
  place.output.frames = Infinity;
  assert.equal(place.queue.roomBytes, 0, "while another one waits");
  place.queue.run();
  assert.equal(place.queue.roomBytes, FRAME_BYTES);
  place.queue.window.spend(WINDOW_START_BYTES);
  assert.equal(place.queue.roomBytes, 0);
});

Deno.test("AnswerQueue: whoever takes the wish back has no turn, and is not told to wait", () => {
  const place = make();
  place.queue.window.spend(WINDOW_START_BYTES);
  const senders = ["a", "b"].map((name) => new Sender(name, 10, place));
  for (const sender of senders) place.queue.add(sender);
  place.queue.remove(senders[0]);
  const { waits } = senders[0];
  place.queue.run();
  assert.equal(senders[0].waits, waits);
  place.queue.window.add(100);
  place.queue.run();
  assert.deepEqual(place.sent, ["b10"]);
});
