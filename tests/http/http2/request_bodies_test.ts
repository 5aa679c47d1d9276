import assert from "node:assert/strict";
import {
  HTTP2_STREAM_WINDOW_BYTES,
  HTTP2_STREAM_WINDOW_MAX_BYTES,
  HTTP2_WINDOW_BYTES,
  HTTP2_WINDOW_MAX_BYTES,
} from "../../../lib/base/http2_limits.ts";
import { CLIENT_BODY_TIMEOUT_MS } from "../../../lib/base/limits.ts";
import { AbuseBudget } from "../../../lib/http/http2/abuse_budget.ts";
import type { FrameOutput } from "../../../lib/http/http2/frame_output.ts";
import { RequestBodies } from "../../../lib/http/http2/request_bodies.ts";
import { RequestBody } from "../../../lib/http/http2/request_body.ts";
import { FakeClock } from "../../support/fake_clock.ts";

class Place {
  readonly clock = new FakeClock();
  /** What the client may still send, by stream. */
  readonly windows = new Map([[0, HTTP2_WINDOW_BYTES]]);
  readonly silent: number[] = [];
  readonly bodies = new RequestBodies({
    budget: new AbuseBudget(this.clock),
    clock: this.clock,
    output: {
      windowUpdate: (stream: number, bytes: number) =>
        this.windows.set(stream, (this.windows.get(stream) ?? 0) + bytes),
    } as unknown as FrameOutput,
    onWanted: () => {},
    onSilent: (stream) => this.silent.push(stream),
  });

  open(stream: number): RequestBody {
    this.windows.set(stream, HTTP2_STREAM_WINDOW_BYTES);
    return new RequestBody(this.bodies, { stream, length: undefined, expectsContinue: false });
  }

  /** Sends as much as the windows let. @returns How many bytes. */
  send(body: RequestBody, bytesMax = 16_384): number {
    const bytes = Math.min(bytesMax, this.windows.get(0)!, this.windows.get(body.stream)!);
    for (const stream of [0, body.stream]) {
      this.windows.set(stream, this.windows.get(stream)! - bytes);
    }
    assert.equal(this.bodies.receive(bytes) && body.window.receive(bytes), true);
    body.receive(new Uint8Array(bytes));
    return bytes;
  }

  /** Sends as long as it can. */
  fill(body: RequestBody): number {
    let bytes = 0;
    for (let more; (more = this.send(body)) > 0;) bytes += more;
    return bytes;
  }
}

Deno.test("RequestBodies: windows grow for whoever keeps up, a stream's to half of what all share", async () => {
  const place = new Place();
  const body = place.open(1);
  const target = new Uint8Array(65_536);
  for (let sent = 0; sent < 64 * 1_048_576;) {
    const reading = body.read(target);
    const bytes = place.send(body);
    assert.ok(bytes > 0, "it never stands still");
    sent += bytes;
    place.bodies.settle();
    await reading;
  }
  assert.equal(body.window.sizeBytes, HTTP2_STREAM_WINDOW_MAX_BYTES);
  const held = place.fill(body);
  assert.ok(held <= HTTP2_STREAM_WINDOW_MAX_BYTES, `${held}`);
  assert.ok(place.windows.get(0)! >= HTTP2_WINDOW_MAX_BYTES / 4, "others have room");
  body.cancel();
});

Deno.test("RequestBodies: nothing grows for whoever does not keep up", async () => {
  const place = new Place();
  const body = place.open(1);
  const target = new Uint8Array(10_000);
  place.fill(body);
  for (let count = 0; count < 1_000; count++) {
    await body.read(target);
    place.fill(body);
  }
  assert.equal(body.window.sizeBytes, HTTP2_STREAM_WINDOW_BYTES);
  body.cancel();
});

Deno.test("RequestBodies: silence is the client's only while it has room to send in", async () => {
  const place = new Place();
  const stalled = [1, 3, 5, 7].map((stream) => place.open(stream));
  for (const body of stalled) place.fill(body);
  assert.equal(place.windows.get(0), 0);
  const waiting = place.open(9);
  const reading = waiting.read(new Uint8Array(10));
  await place.clock.advance(3 * CLIENT_BODY_TIMEOUT_MS);
  assert.deepEqual(place.silent, []);
  stalled[0].cancel();
  assert.ok(place.windows.get(0)! > 0, "what is freed is told");
  await place.clock.advance(CLIENT_BODY_TIMEOUT_MS);
  assert.deepEqual(place.silent, [9]);
  place.send(waiting, 5);
  place.bodies.settle();
  assert.equal(await reading, 5);
  place.bodies.stop();
  assert.equal(place.clock.pending, 0);
});

Deno.test("RequestBodies: a large buffer is lent again, but not for more than one window in all", () => {
  const { bodies } = new Place();
  const large = HTTP2_WINDOW_MAX_BYTES / 2;
  const first = bodies.takeBuffer(large);
  bodies.giveBuffer(first);
  assert.equal(bodies.takeBuffer(10), first);
  const second = bodies.takeBuffer(large);
  assert.notEqual(second, first);
  bodies.giveBuffer(second);
  assert.equal(bodies.takeBuffer(10), second);
  bodies.giveBuffer(bodies.takeBuffer(large));
  assert.equal(bodies.takeBuffer(10).length, 10, "two of them are enough");
});

Deno.test("RequestBodies: keeps no buffer when no request is in flight, nor the smaller of two", () => {
  const { bodies } = new Place();
  const [small, large] = [bodies.takeBuffer(10), bodies.takeBuffer(100)];
  bodies.giveBuffer(large);
  bodies.giveBuffer(small);
  assert.equal(bodies.takeBuffer(1), large);
  bodies.giveBuffer(large);
  bodies.rest();
  assert.notEqual(bodies.takeBuffer(1), large);
});
