import { ok, strictEqual } from "node:assert/strict";
import { TURN_BYTES, TURN_STEPS_MAX } from "../../lib/base/limits.ts";
import { Turns } from "../../lib/base/turns.ts";

Deno.test("Turns.take asks for a turn after so many bytes, and after so many steps", () => {
  for (const [bytes, steps] of [[TURN_BYTES, 1], [TURN_BYTES / 4, 4], [1, TURN_STEPS_MAX]]) {
    const turns = new Turns();
    for (let round = 0; round < 3; round++) {
      for (let step = 1; step < steps; step++) strictEqual(turns.take(bytes), undefined);
      ok(turns.take(bytes) instanceof Promise, `${bytes} bytes, step ${steps}`);
    }
  }
});

Deno.test("Turns.take lets timers and what others wait for have their turn", async () => {
  const turns = new Turns();
  let fired = 0;
  let isOver = false;
  const timer = setInterval(() => fired++, 1);
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  const connecting = Deno.connect({ hostname: "127.0.0.1", port });
  const served = (async () => {
    using accepted = await listener.accept();
    using client = await connecting;
    await client.write(new Uint8Array(1));
    strictEqual(await accepted.read(new Uint8Array(1)), 1);
    isOver = true;
  })();
  let steps = 0;
  for (; !isOver || fired === 0; steps++) {
    ok(steps < 10_000_000, "nobody else has had a turn");
    await (turns.take(1) ?? Promise.resolve());
  }
  clearInterval(timer);
  await served;
});
