import assert from "node:assert/strict";
import { HttpDate } from "../../../lib/http/http1/http_date.ts";
import { FakeClock } from "../../support/fake_clock.ts";

Deno.test("HttpDate: RFC 9110 §5.6.7, an IMF-fixdate that moves with the clock", async () => {
  const clock = new FakeClock(Date.UTC(1994, 10, 6, 8, 49, 37, 600));
  const date = new HttpDate(clock);
  assert.equal(date.text, "Sun, 06 Nov 1994 08:49:37 GMT");
  await clock.advance(399);
  assert.equal(date.text, "Sun, 06 Nov 1994 08:49:37 GMT");
  await clock.advance(1);
  assert.equal(date.text, "Sun, 06 Nov 1994 08:49:38 GMT");
});

Deno.test("HttpDate: follows a clock that is set back", () => {
  let now = 10_000;
  const date = new HttpDate({ ...new FakeClock(), now: () => now } as unknown as FakeClock);
  assert.match(date.text, /00:00:10 GMT$/);
  now = 5_000;
  assert.match(date.text, /00:00:05 GMT$/);
});
