import { openLibc } from "../../../lib/linux/libc.ts";
import { SpliceEngine } from "../../../lib/relay/splice/splice_engine.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { relaySuite } from "../relay_suite.ts";

const libc = openLibc();

if (typeof libc === "string") {
  Deno.test({ name: `splice (skipped: ${libc})`, ignore: true, fn() {} });
} else {
  relaySuite("splice", (plan, environment) => {
    const engine = new SpliceEngine(plan, environment, { libc, isTimeTold: true });
    const { clock } = environment;
    if (clock instanceof FakeClock) clock.onMove = (elapsedMs) => engine.tellTime(elapsedMs);
    return engine;
  });
}
