import assert from "node:assert/strict";
import { openLibc } from "../../lib/linux/libc.ts";
import { openEngine } from "../../lib/relay/open_engine.ts";
import type { RelayEnvironment } from "../../lib/relay/relay_engine.ts";
import { createLog } from "../../lib/base/log.ts";
import { Balancer } from "../../lib/upstream/balancer.ts";
import { makePlan } from "./suite/fixture.ts";

const libc = openLibc();

/** Chooses an engine and returns its name with what was logged. */
function choose(
  engine: "auto" | "splice" | "portable",
  libc: Parameters<typeof openEngine>[2]["libc"],
) {
  const lines: string[] = [];
  const environment = {
    balancer: new Balancer(),
    log: createLog({ write: (line) => lines.push(line) }),
    clock: { monotonic: () => 0 },
  };
  const { name } = openEngine(makePlan([]), environment as unknown as RelayEnvironment, {
    engine,
    workers: 1,
    libc,
  });
  return { name, lines };
}

Deno.test("openEngine: auto without FFI is portable, and says so in one line", () => {
  const { name, lines } = choose("auto", "FFI is not permitted");
  assert.equal(name, "portable");
  assert.equal(lines.length, 1);
  assert.match(lines[0], /info .*portable.*FFI is not permitted/);
});

Deno.test("openEngine: portable that was asked for says nothing", () => {
  assert.deepEqual(choose("portable", "not Linux"), { name: "portable", lines: [] });
});

Deno.test("openEngine: splice that is not possible is an error", () => {
  assert.throws(() => choose("splice", "no glibc"), /Cannot use the splice engine: no glibc/);
});

Deno.test({
  name: "openEngine: auto with FFI is splice",
  ignore: typeof libc === "string",
  fn: () => assert.deepEqual(choose("auto", libc), { name: "splice", lines: [] }),
});
