import assert from "node:assert/strict";
import { HTTP2_RESETS_REMEMBERED_MAX } from "../../../lib/base/http2_limits.ts";
import { ClosedStreams } from "../../../lib/http/http2/closed_streams.ts";

Deno.test("ClosedStreams: knows how a stream has ended", () => {
  const closed = new ClosedStreams();
  closed.noteEnded(1);
  closed.noteReset(5);
  assert.deepEqual([1, 3, 5].map((id) => closed.endOf(id)), ["ended", "forgotten", "reset"]);
});

Deno.test("ClosedStreams: a stream that we reset after its end was reset by us", () => {
  const closed = new ClosedStreams();
  closed.noteEnded(1);
  closed.noteReset(1);
  assert.equal(closed.endOf(1), "reset");
});

Deno.test("ClosedStreams: forgets the oldest, and remembers no more than its limits", () => {
  const closed = new ClosedStreams();
  const resets = Array.from(
    { length: HTTP2_RESETS_REMEMBERED_MAX + 1 },
    (_, index) => 2 * index + 1,
  );
  for (const id of resets) closed.noteReset(id);
  assert.equal(closed.endOf(resets[0]), "forgotten");
  assert.ok(resets.slice(1).every((id) => closed.endOf(id) === "reset"));
  for (let id = 10_001; id <= 10_033; id += 2) closed.noteEnded(id);
  assert.equal(closed.endOf(10_001), "forgotten");
  assert.equal(closed.endOf(10_003), "ended");
  assert.ok(resets.slice(1).every((id) => closed.endOf(id) === "reset"), "each has its own memory");
});
