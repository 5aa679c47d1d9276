import assert from "node:assert/strict";
import { createLog } from "../../lib/base/log.ts";
import {
  collectGarbage,
  releasePages,
  releaseStartMemory,
} from "../../lib/cli/release_start_memory.ts";
import { type Libc, openLibc } from "../../lib/linux/libc.ts";
import { checkEcho, openEcho, startEchoUpstream } from "../support/echo_upstream.ts";
import { offloadTo, passTo, startWithRoutes } from "../support/routes.ts";

const MIB = 1024 ** 2;

/** What is used of the C library on the way. */
const REAL_LIBC = openLibc();

/** Objects that live long enough to make the young generation grow. */
function makeGarbage(): number {
  const kept: object[] = [];
  for (let round = 0; round < 300_000; round++) kept[round % 60_000] = { round, of: [round] };
  return kept.length;
}

Deno.test("collectGarbage: the heap shrinks, more than once, and leaves no function behind", () => {
  for (let round = 0; round < 2; round++) {
    makeGarbage();
    const { heapTotal: before } = Deno.memoryUsage();
    collectGarbage();
    const { heapTotal: after } = Deno.memoryUsage();
    assert.ok(before - after > 2 * MIB, `${before} bytes before, ${after} after`);
  }
  assert.equal("gc" in globalThis, false);
});

Deno.test({
  name: "releasePages: the program's code goes, and comes back where it is needed",
  ignore: typeof REAL_LIBC === "string",
  fn() {
    const { rss: before } = Deno.memoryUsage();
    releasePages(REAL_LIBC as Libc);
    const { rss: after } = Deno.memoryUsage();
    assert.ok(before - after > 8 * MIB, `${before} bytes before, ${after} after`);
    assert.equal(makeGarbage(), 60_000);
    assert.equal(new URL("https://a.test/b?c").pathname, "/b");
  },
});

Deno.test("releasePages: only parts that nobody may write to are given to madvise", () => {
  const given: bigint[] = [];
  releasePages({
    // Nothing is known about the program, so there is nothing that may go.
    getauxval: () => 0n,
    malloc_trim: () => 1,
    madvise: (_pointer: unknown, bytes: bigint) => given.push(bytes),
  } as unknown as Libc);
  assert.deepEqual(given, []);
});

Deno.test("releaseStartMemory: says how much it was, at level debug only", () => {
  const lines: string[] = [];
  releaseStartMemory(createLog({ level: "debug", write: (line) => lines.push(line) }));
  releaseStartMemory(createLog({ level: "info", write: (line) => lines.push(line) }));
  assert.equal(lines.length, 1);
  assert.match(lines[0], /debug memory of the start given back beforeMib=\d+ afterMib=\d+$/);
});

Deno.test({
  name: "postern run: at rest it has less than 80 MB in memory, and serves as before",
  ignore: typeof REAL_LIBC === "string",
  async fn() {
    await using upstream = startEchoUpstream();
    await using postern = await startWithRoutes([
      passTo("echo.test", `127.0.0.1:${upstream.address.port}`),
      offloadTo("web.test", "http://127.0.0.1:9"),
    ], { top: { relay: { engine: "splice", workers: 1 } } });
    using before = await openEcho(postern.https[0], "echo.test");
    await checkEcho(before);
    const line = await postern.waitForLog(/given back beforeMib=(\d+) afterMib=(\d+)/);
    const [beforeMib, afterMib] = [Number(line[1]), Number(line[2])];
    assert.ok(afterMib < beforeMib, `${beforeMib} MiB before, ${afterMib} MiB after`);
    // The megabytes of the goal are decimal.
    assert.ok(afterMib * MIB < 80e6, `${afterMib} MiB`);
    await checkEcho(before);
    using after = await openEcho(postern.https[0], "echo.test");
    await checkEcho(after);
  },
});
