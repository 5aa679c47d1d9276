import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { type PlotPanel, renderPlot } from "../../../scripts/bench/plot.ts";

const PANEL: PlotPanel = {
  title: "Bulk data",
  unit: "CPU s per GiB",
  bars: [
    { name: "nginx", value: 0.6 },
    { name: "postern", value: 0.3 },
    { name: "nothing", value: 0 },
  ],
};

const OPTIONS = { title: "Plot", notes: ["a machine"], highlight: "postern" };

function attributes(svg: string, name: string): number[] {
  return Array.from(
    svg.matchAll(new RegExp(`<rect[^>]* ${name}="([^"]+)"`, "g")),
    (each) => Number(each[1]),
  );
}

/** Tags in their order, to see that each is closed. */
function isBalanced(svg: string): boolean {
  const open: string[] = [];
  for (const [, close, name, self] of svg.matchAll(/<(\/?)([a-z]+)[^>]*?(\/?)>/g)) {
    if (close !== "") {
      if (open.pop() !== name) return false;
    } else if (self === "") open.push(name);
  }
  return open.length === 0;
}

Deno.test("renderPlot: bars are as long as their values, from zero", () => {
  const [nginx, postern, nothing] = attributes(renderPlot([PANEL], OPTIONS), "width");
  strictEqual(nginx / 2, postern);
  strictEqual(nothing, 0);
});

Deno.test("renderPlot: each panel has its own scale", () => {
  const large = { ...PANEL, bars: [{ name: "nginx", value: 6_000 }] };
  const [first, , , second] = attributes(renderPlot([PANEL, large], OPTIONS), "width");
  strictEqual(first, second);
});

Deno.test("renderPlot: two panels stand beside each other, the third below", () => {
  const svg = renderPlot([PANEL, PANEL, PANEL], OPTIONS);
  const [x, y] = [attributes(svg, "x"), attributes(svg, "y")];
  deepStrictEqual([y[0], x[0]], [y[3], x[6]]);
  ok(x[3] > x[0] && y[6] > y[2]);
});

Deno.test("renderPlot: everything lies inside the image", () => {
  const svg = renderPlot(Array(5).fill(PANEL), { ...OPTIONS, notes: ["one", "two", "three"] });
  const [, width, height] = /viewBox="0 0 (\d+) (\d+)"/.exec(svg)!.map(Number);
  for (const [, x, y] of svg.matchAll(/<text x="([\d.]+)" y="([\d.]+)"/g)) {
    ok(Number(x) < width && Number(y) <= height, `${x} ${y}`);
  }
  const ends = attributes(svg, "x").map((x, at) => x + attributes(svg, "width")[at]);
  ok(ends.every((end) => end < width));
});

Deno.test("renderPlot: is XML whatever the texts hold, and one bar stands out", () => {
  const svg = renderPlot([{ ...PANEL, title: "a < b & c" }], { ...OPTIONS, notes: ["</svg>"] });
  ok(isBalanced(svg), svg);
  match(svg, /a &lt; b &amp; c/);
  strictEqual(svg.match(/class="bar highlight"/g)?.length, 1);
});

Deno.test("renderPlot: follows the page's colours and shows figures as text", () => {
  const svg = renderPlot([PANEL], OPTIONS);
  match(svg, /@media \(prefers-color-scheme: dark\)/);
  for (const shown of ["nginx", "0.600", "0.300", "CPU s per GiB", "a machine"]) {
    ok(svg.includes(`>${shown}</text>`), shown);
  }
});

Deno.test("renderPlot: bars of nothing but zero have no length, and are drawn", () => {
  const zero = { ...PANEL, bars: [{ name: "nginx", value: 0 }] };
  deepStrictEqual(attributes(renderPlot([zero], OPTIONS), "width"), [0]);
});
