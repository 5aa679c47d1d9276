import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import type { BackendPorts } from "../../../scripts/bench/backends.ts";
import type { Measure } from "../../../scripts/bench/measure.ts";
import type { Plane, ProxyKind } from "../../../scripts/bench/proxies/proxy.ts";
import { runMeasure } from "../../../scripts/bench/run_measure.ts";

const BACKENDS: BackendPorts = {
  stream: { echo: 1, sink: 2, source: 3 },
  http: 4,
  upload: 5,
  websocket: 6,
};

/** What is wrong with a proxy of a test. */
interface Faults {
  readonly planes?: readonly Plane[];
  readonly notStarting?: boolean;
  /** Which call of its take fails, from 1; later ones would go well again. */
  readonly failingAt?: number;
}

/** Proxies and a measure that write down what is done to them. */
function makeScene(
  faults: Readonly<Record<string, Faults>>,
  freshProxy = false,
  roundsMax?: number,
) {
  const events: string[] = [];
  const takes = new Map<string, number>();
  const kinds = Object.entries(faults).map(([name, fault]): ProxyKind => ({
    name,
    planes: fault.planes ?? ["passthrough"],
    start: () => {
      if (fault.notStarting) return Promise.reject(new Error(`${name} does not start`));
      events.push(`start ${name}`);
      const end = () => Promise.resolve(void events.push(`end ${name}`));
      return Promise.resolve({
        name,
        pid: 1,
        port: 1,
        caFile: "",
        tableHosts: 0,
        engine: undefined,
        reload: undefined,
        [Symbol.asyncDispose]: end,
      });
    },
  }));
  const measure: Measure = {
    id: "m",
    plane: "passthrough",
    title: "",
    unit: "",
    amount: 1000,
    goals: [],
    freshProxy,
    roundsMax,
    take: ({ name }, amount) => {
      const call = (takes.get(name) ?? 0) + 1;
      takes.set(name, call);
      if (call === faults[name].failingAt) {
        return Promise.reject(new Error(`${name} failed`));
      }
      events.push(`${name} ${amount}`);
      return Promise.resolve(call);
    },
  };
  const run = (options: { rounds: number; share: number }) =>
    runMeasure(measure, kinds, { backends: BACKENDS, progress: () => {}, ...options });
  return { events, run };
}

Deno.test("runMeasure: warms up, then gives every proxy its turn in each round", async () => {
  const { events, run } = makeScene({ a: {}, b: {} });
  const results = await run({ rounds: 2, share: 1 });
  deepStrictEqual(events, [
    ...["start a", "a 1000", "start b", "b 1000"],
    ...["a 1000", "b 1000", "a 1000", "b 1000"],
    ...["end a", "end b"],
  ]);
  // The first call of each was the warm-up, whose figure does not count.
  deepStrictEqual(results, [
    { name: "a", figures: [2, 3], failure: undefined },
    { name: "b", figures: [2, 3], failure: undefined },
  ]);
});

Deno.test("runMeasure: a fresh proxy per round is started and ended each time", async () => {
  const { events, run } = makeScene({ a: {}, b: {} }, true);
  await run({ rounds: 2, share: 1 });
  const round = ["start a", "a 1000", "end a", "start b", "b 1000", "end b"];
  deepStrictEqual(events, [...round, ...round]);
});

Deno.test("runMeasure: takes no more rounds than a measure needs", async () => {
  const { events, run } = makeScene({ a: {} }, true, 1);
  const [{ figures }] = await run({ rounds: 3, share: 1 });
  deepStrictEqual(events, ["start a", "a 1000", "end a"]);
  strictEqual(figures.length, 1);
});

Deno.test("runMeasure: leaves out proxies that are not set up for it", async () => {
  const { run } = makeScene({
    a: { planes: ["offload"] },
    b: { planes: ["offload", "passthrough"] },
  });
  deepStrictEqual((await run({ rounds: 1, share: 1 })).map(({ name }) => name), ["b"]);
});

Deno.test("runMeasure: takes whole amounts of a part of the load", async () => {
  const { events, run } = makeScene({ a: {} });
  await run({ rounds: 1, share: 1 / 3 });
  deepStrictEqual(events.filter((event) => /^a /.test(event)), ["a 334", "a 334"]);
});

const FAILURES: readonly [name: string, faults: Faults, figures: number[], failure: RegExp][] = [
  ["does not start", { notStarting: true }, [], /a does not start/],
  ["fails while warming up", { failingAt: 1 }, [], /a failed/],
  ["fails in a round", { failingAt: 3 }, [2], /a failed/],
];

for (const [name, faults, figures, failure] of FAILURES) {
  Deno.test(`runMeasure: a proxy that ${name} does not stop the others`, async () => {
    const { events, run } = makeScene({ a: faults, b: {} });
    const [a, b] = await run({ rounds: 3, share: 1 });
    deepStrictEqual(a.figures, figures);
    match(a.failure ?? "", failure);
    deepStrictEqual(b, { name: "b", figures: [2, 3, 4], failure: undefined });
    strictEqual(events.at(-1), "end b");
    strictEqual(events.includes("end a"), events.includes("start a"));
  });
}
