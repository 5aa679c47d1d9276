import assert from "node:assert/strict";
import { formatHostPattern } from "../../lib/base/hostnames.ts";
import { encodeFlatTable, FlatTable, NO_MATCH } from "../../lib/route/flat_table.ts";
import { RouteTable } from "../../lib/route/route_table.ts";
import { Random } from "../support/random.ts";
import { makeRoute } from "../support/route_configs.ts";

/** 253 characters. */
const LONGEST = `${`${"a".repeat(61)}.`.repeat(4)}local`;

/** What no table has as a host, or has in another form. */
const HOSTILE: readonly (string | undefined)[] = [
  undefined,
  "",
  ".",
  "..",
  ".a",
  ".a.b",
  "a..b",
  "-a.b",
  "*",
  "*.a",
  "*.a.b",
  "192.0.2.1",
  "[::1]",
  "::1",
  "a.1",
  "a.0x1f",
  "a.b:443",
  "a.b ",
  "a.b\0",
  "\0",
  "\ud800.b",
  "\u0141.b", // Its low byte is "A".
  "\u212a.b", // Lower case makes "k" of it.
  "constructor",
  "__proto__",
  `${LONGEST}m`,
  "x".repeat(65_535),
  "a.".repeat(2_000),
];

/** Few labels, so that exact names, wildcards and names that are nobody's meet often. */
const LABELS = ["a", "b", "k", "ab", "a-b", "_x", "org", "x".repeat(63)];

function randomName(random: Random): string {
  return Array.from({ length: 1 + random.below(4) }, () => random.pick(LABELS)).join(".");
}

/** Other ways to write a name, and names beside it. */
function disguise(name: string, random: Random): string {
  const ways = [
    name,
    `${name}.`,
    name.toUpperCase(),
    `A.${name}`,
    `.${name}`,
    `*.${name}`,
    `${name}..`,
    name.slice(1),
    `${name}\0`,
  ];
  return random.pick(ways);
}

function randomTable(random: Random): RouteTable {
  const hosts = new Set<string>();
  for (let left = random.below(60); left > 0; left--) {
    hosts.add(`${random.pick(["", "", "*."])}${randomName(random)}`);
  }
  if (random.below(3) === 0) hosts.add("*");
  const lists: string[][] = [];
  for (const host of hosts) {
    if (lists.length === 0 || random.below(3) === 0) lists.push([]);
    lists.at(-1)!.push(host);
  }
  return new RouteTable(
    lists.map((list, index) => makeRoute("passthrough", list, { index })),
  );
}

function expectSame(table: RouteTable, flat: FlatTable, name: string | undefined): void {
  const index = flat.match(name);
  const expected = table.match(name);
  if (expected === undefined) assert.equal(index, NO_MATCH, `${name}`);
  else assert.equal(table.matches[index], expected, `${name}`);
}

for (let seed = 1; seed <= 8; seed++) {
  Deno.test(`FlatTable.match: is RouteTable.match for random tables and names, seed ${seed}`, () => {
    const random = new Random(seed);
    for (let round = 0; round < 60; round++) {
      const table = randomTable(random);
      const flat = new FlatTable(encodeFlatTable(table, { seed: random.below(2 ** 32) }));
      for (const name of HOSTILE) expectSame(table, flat, name);
      for (const { pattern } of table.matches) {
        expectSame(table, flat, disguise(formatHostPattern(pattern), random));
      }
      for (let i = 0; i < 60; i++) expectSame(table, flat, disguise(randomName(random), random));
    }
  });
}

const CASES: readonly [name: string | undefined, host: string | undefined][] = [
  ["app.example.org", "app.example.org"],
  ["APP.Example.Org.", "app.example.org"],
  ["other.example.org", "*.example.org"],
  ["example.org", undefined],
  ["a.b.example.org", undefined],
  ["localhost", "localhost"],
  [LONGEST, LONGEST],
  [`${LONGEST}.`, LONGEST],
  ["192.0.2.1", undefined],
  ["", undefined],
  [undefined, undefined],
];

for (const [name, host] of CASES) {
  const [shown, owner] = [name ?? "no name", host ?? "nobody"].map((text) => text.slice(0, 30));
  Deno.test(`FlatTable.match: "${shown}" belongs to ${owner}`, () => {
    const routes = [
      makeRoute("passthrough", ["localhost", LONGEST], { index: 0 }),
      makeRoute("passthrough", ["*.example.org", "app.example.org"], { index: 1 }),
    ];
    const hosts = ["localhost", LONGEST, "*.example.org", "app.example.org"];
    const without = new FlatTable(encodeFlatTable(new RouteTable(routes)));
    assert.equal(without.match(name), host === undefined ? NO_MATCH : hosts.indexOf(host));
    const any = makeRoute("passthrough", ["*"], { index: 2 });
    const withAny = new FlatTable(encodeFlatTable(new RouteTable([...routes, any])));
    assert.equal(withAny.match(name), host === undefined ? 4 : hosts.indexOf(host));
  });
}

Deno.test("FlatTable.match: an empty table, and one with the catch-all only, have no slots to find", () => {
  const empty = new FlatTable(encodeFlatTable(new RouteTable([])));
  const any = new FlatTable(encodeFlatTable(new RouteTable([makeRoute("passthrough", ["*"])])));
  for (const name of HOSTILE) {
    assert.equal(empty.match(name), NO_MATCH);
    assert.equal(any.match(name), 0);
  }
});

Deno.test("encodeFlatTable: every seed gives the same answers, the last slot and the first included", () => {
  const hosts = Array.from({ length: 8 }, (_, i) => `host${i}.example.org`);
  const table = new RouteTable([makeRoute("passthrough", hosts)]);
  for (let seed = 0; seed < 500; seed++) {
    // 8 names in 16 slots: of 500 tables, many have a run over the end.
    const flat = new FlatTable(encodeFlatTable(table, { seed }));
    assert.deepEqual(hosts.map((host) => flat.match(host)), [0, 1, 2, 3, 4, 5, 6, 7]);
    assert.equal(flat.match("host8.example.org"), NO_MATCH);
  }
});

Deno.test("encodeFlatTable: takes a seed of its own if none is given", () => {
  const table = new RouteTable([makeRoute("passthrough", ["a.example.org", "b.example.org"])]);
  const [one, other] = [encodeFlatTable(table), encodeFlatTable(table)];
  assert.notDeepEqual(new Uint8Array(one), new Uint8Array(other));
});

/** Pairs of names with the same hash under a seed, found by search. */
const COLLISIONS: readonly [seed: number, one: string, other: string][] = [
  [0, "1sr3brx.test", "p0mey.test"],
  [1, "13eff5r.test", "1oqajxl.test"],
];

for (const [seed, one, other] of COLLISIONS) {
  Deno.test(`FlatTable.match: tells ${one} from ${other}, which have the same hash`, () => {
    const table = new RouteTable([makeRoute("passthrough", [one, other])]);
    const memory = encodeFlatTable(table, { seed });
    const flat = new FlatTable(memory);
    assert.deepEqual([flat.match(one), flat.match(other)], [0, 1]);
    const lone = new RouteTable([makeRoute("passthrough", [one])]);
    assert.equal(new FlatTable(encodeFlatTable(lone, { seed })).match(other), NO_MATCH);
    // Should the hash ever change, these pairs would prove nothing: four words of header, then slots
    // of four words that begin with the hash.
    const words = new Int32Array(memory, 0, 4 + 4 * 4);
    const [first, second] = [4, 8, 12, 16].filter((at) => words[at + 1] !== 0);
    assert.equal(words[first], words[second]);
  });
}

Deno.test("encodeFlatTable: 100,000 hosts take less than 8 MiB, and each is found", () => {
  const hosts = Array.from({ length: 100_000 }, (_, i) => `customer-${i}.hosting.example.org`);
  const table = new RouteTable(hosts.map((host, index) => makeRoute("reject", [host], { index })));
  const memory = encodeFlatTable(table);
  assert.ok(memory.byteLength < 8 * 1024 ** 2, `${memory.byteLength} bytes`);
  const flat = new FlatTable(memory);
  for (const [index, host] of hosts.entries()) assert.equal(flat.match(host), index);
  for (let i = 100_000; i < 101_000; i++) {
    assert.equal(flat.match(`customer-${i}.hosting.example.org`), NO_MATCH);
  }
});

Deno.test("FlatTable: workers read the memory that main has written", async () => {
  const routes = [makeRoute("passthrough", ["app.example.org", "*.example.org"])];
  const memory = encodeFlatTable(new RouteTable(routes));
  const names = ["app.example.org", "other.example.org", "example.org", undefined];
  const answers = await Promise.all([1, 2].map(() => askWorker({ memory, names })));
  assert.deepEqual(answers, Array(2).fill([0, 1, NO_MATCH, NO_MATCH]));
});

async function askWorker(task: unknown): Promise<unknown> {
  const url = new URL("./flat_table_reader.ts", import.meta.url).href;
  const worker = new Worker(url, { type: "module" });
  try {
    return await new Promise((resolve, reject) => {
      worker.onmessage = ({ data }) => resolve(data);
      worker.onerror = (event) => {
        event.preventDefault();
        reject(new Error(event.message));
      };
      worker.postMessage(task);
    });
  } finally {
    worker.terminate();
  }
}
