import assert from "node:assert/strict";
import { CONFIG_ALIAS_VALUES_MAX, CONFIG_DEPTH_MAX } from "../../lib/base/limits.ts";
import { ProblemList } from "../../lib/config/problem_list.ts";
import { SourceText } from "../../lib/config/source_text.ts";
import { parseYamlTree, type Tree } from "../../lib/config/yaml_tree.ts";

function read(text: string): { tree: Tree | undefined; told: string[] } {
  const problems = new ProblemList(new SourceText(text));
  const tree = parseYamlTree(text, problems, { name: "r" });
  const told = problems.sorted().map(({ line, column, message }) => `${line}:${column} ${message}`);
  return { tree, told };
}

const plain = (value: unknown) => JSON.parse(JSON.stringify(value));

const VALUES: readonly [text: string, value: unknown][] = [
  ["", null],
  ["# only this", null],
  ["a: 1", { a: 1 }],
  ["a: [1, x, 'y', \"z\", ~, true, 1.5, 0x10]", { a: [1, "x", "y", "z", null, true, 1.5, 16] }],
  ["a: off\nb: no\nc: yes", { a: "off", b: "no", c: "yes" }],
  ["1: a\ntrue: b", { 1: "a", true: "b" }],
  ["a:\nb:", { a: null, b: null }],
  ["a: &x [1]\nb: *x", { a: [1], b: [1] }],
  ["a: &x 1\nb: &x 2\nc: *x", { a: 1, b: 2, c: 2 }],
  ["---\na: 1\n...\n", { a: 1 }],
  ["<<: { a: 1 }", { "<<": { a: 1 } }],
  ["{a: {b: [{c: 1}]}}", { a: { b: [{ c: 1 }] } }],
  ["!!str 5", "5"],
];

for (const [text, value] of VALUES) {
  Deno.test(`parseYamlTree reads ${JSON.stringify(text)}`, () => {
    const { tree, told } = read(text);
    assert.deepEqual(told, []);
    assert.deepEqual(plain(tree!.value), value);
  });
}

const FAULTS: readonly [text: string, told: readonly string[]][] = [
  ["a: 1\n\tb: 2", ['2:1 Cannot read "r": a tab is used for indentation']],
  ["a: 1\na: 2\na: 3", [
    '2:1 Cannot read "r": key "a" is already given at line 1, column 1',
    '3:1 Cannot read "r": key "a" is already given at line 1, column 1',
  ]],
  ["a: { b: 1, 'b': 2 }", ['1:12 Cannot read "r": key "b" is already given at line 1, column 6']],
  ["1: a\n'1': b", ['2:1 Cannot read "r": key "1" is already given at line 1, column 1']],
  ["a: *b", ['1:4 Cannot read "r": alias "b" is not known']],
  ["a: *b\nb: &b 1", ['1:4 Cannot read "r": alias "b" is not known']],
  ["a: &a [*a]", ['1:8 Cannot read "r": alias "a" contains itself']],
  ["a: &a { b: { c: *a } }", ['1:17 Cannot read "r": alias "a" contains itself']],
  ["[a]: 1", ['1:1 Cannot read "r": a key is not text']],
  ["~: 1", ['1:1 Cannot read "r": a key is not text']],
  ["a: 1\n---\nb: 2", ['2:1 Cannot read "r": a second document begins']],
  ["a: !x 1", ['1:4 Cannot read "r": tags are not supported']],
  ["%YAML 1.1\n---\na: 1", ['1:1 Cannot read "r": it is not YAML 1.2']],
  ["a: 'b", ['1:6 Cannot read "r": a closing quote is missing']],
  ["a: [b", [
    '1:6 Cannot read "r": "]" is missing, or what stands before it is not indented far ' +
    "enough",
  ]],
];

for (const [text, told] of FAULTS) {
  Deno.test(`parseYamlTree refuses ${JSON.stringify(text)}`, () => {
    const result = read(text);
    assert.equal(result.tree, undefined);
    assert.deepEqual(result.told, told);
  });
}

Deno.test("parseYamlTree remembers where keys and values stand", () => {
  const { tree } = read('a: { "b": [x, yz] }\nc:\n');
  const a = tree!.children.get("a")!;
  const b = a.children.get("b")!;
  assert.deepEqual([a.keySpan, a.span], [{ start: 0, end: 1 }, { start: 3, end: 19 }]);
  assert.deepEqual(b.keySpan, { start: 5, end: 8 });
  assert.deepEqual(b.children.get(1)!.span, { start: 14, end: 16 });
  assert.deepEqual(
    tree!.children.get("c")!.span,
    { start: 20, end: 21 },
    "its key, for want of more",
  );
});

Deno.test("parseYamlTree places everything below an alias at the alias", () => {
  const { tree } = read("a: &x { b: 1 }\nc: *x");
  const c = tree!.children.get("c")!;
  assert.deepEqual(c.children.get("b")!.span, { start: 18, end: 20 });
  assert.deepEqual(c.children.get("b")!.keySpan, { start: 18, end: 20 });
});

Deno.test("parseYamlTree keeps keys that objects have by themselves apart", () => {
  const { tree } = read("__proto__: { polluted: 1 }\nconstructor: 2\ntoString: 3");
  assert.deepEqual(Object.keys(tree!.value as object), ["__proto__", "constructor", "toString"]);
  assert.equal(({} as Record<string, unknown>).polluted, undefined);
  assert.equal(Object.getPrototypeOf(tree!.value), null);
});

for (const [levels, isRead] of [[CONFIG_DEPTH_MAX, true], [CONFIG_DEPTH_MAX + 1, false]] as const) {
  Deno.test(`parseYamlTree ${isRead ? "reads" : "refuses"} ${levels} lists in each other`, () => {
    const { tree, told } = read("[".repeat(levels) + "]".repeat(levels));
    assert.equal(tree !== undefined, isRead, told.join());
  });
}

for (const [extra, isRead] of [[0, true], [1, false]] as const) {
  const count = CONFIG_ALIAS_VALUES_MAX + extra;
  Deno.test(`parseYamlTree ${isRead ? "reads" : "refuses"} ${count} values by alias`, () => {
    const { tree, told } = read(`a: &a 1\nb: [${"*a, ".repeat(count)}]`);
    assert.equal(tree !== undefined, isRead);
    assert.equal(told.length, extra);
  });
}

Deno.test("parseYamlTree counts long text by alias for several values", () => {
  const aliases = "*a, ".repeat(1_000);
  assert.notEqual(read(`a: &a ${"x".repeat(20_000)}\nb: [${aliases}]`).tree, undefined);
  const { told } = read(`a: &a ${"x".repeat(40_000)}\nb: [${aliases}]`);
  assert.equal(told.length, 1);
  assert.match(told[0], /aliases add too much$/);
});
