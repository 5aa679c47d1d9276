/**
 * A plot of what was measured: one panel of bars per measure, each with its own scale from zero. An SVG
 * image that is readable on light and on dark pages, without anything to draw it with. Pure.
 *
 * @module
 */
import { formatFigure } from "./layout_table.ts";

/** One bar. */
export interface PlotBar {
  readonly name: string;
  /** From 0 on. */
  readonly value: number;
}

/** Bars that are compared with each other. */
export interface PlotPanel {
  readonly title: string;
  readonly unit: string;
  readonly bars: readonly PlotBar[];
}

/** What stands around the panels. */
export interface PlotOptions {
  readonly title: string;
  /** Lines below the panels. */
  readonly notes: readonly string[];
  /** The bar that stands out. */
  readonly highlight: string;
}

/** All in pixels. */
const WIDTH = 760;
const MARGIN = 16;
const NAME_WIDTH = 84;
/** Room for a figure behind the longest bar. */
const VALUE_WIDTH = 64;
const BAR_HEIGHT = 16;
const BAR_PITCH = 22;
const PANEL_HEAD = 44;
const PLOT_HEAD = 40;
const NOTE_PITCH = 16;
const COLUMNS = 2;
const COLUMN_WIDTH = (WIDTH - MARGIN) / COLUMNS;

/** The bars' colours have contrast with white and with black; only text has to follow the page. */
const STYLE = `
    text { font: 13px system-ui, sans-serif; fill: #1f2328; }
    .head { font-weight: 600; }
    .small { font-size: 11px; fill: #59636e; }
    .bar { fill: #8c959f; }
    .highlight { fill: #2f81f7; }
    @media (prefers-color-scheme: dark) {
      text { fill: #e6edf3; }
      .small { fill: #9198a1; }
    }`;

/** Renders an SVG image. @param panels Each with one bar or more; two beside each other. */
export function renderPlot(panels: readonly PlotPanel[], options: PlotOptions): string {
  let top = PLOT_HEAD;
  const parts: string[] = [];
  for (let at = 0; at < panels.length; at += COLUMNS) {
    const row = panels.slice(at, at + COLUMNS);
    row.forEach((panel, column) => {
      const left = MARGIN + column * COLUMN_WIDTH;
      parts.push(...renderPanel(panel, { left, top, highlight: options.highlight }));
    });
    top += PANEL_HEAD + BAR_PITCH * Math.max(...row.map(({ bars }) => bars.length));
  }
  const notes = options.notes.map((note, line) =>
    text(MARGIN, top + 20 + line * NOTE_PITCH, note, "small")
  );
  const height = top + 20 + options.notes.length * NOTE_PITCH;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" role="img" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}">`,
    `  <title>${escapeXml(options.title)}</title>`,
    `  <style>${STYLE}\n  </style>`,
    text(MARGIN, 24, options.title, "head"),
    ...parts,
    ...notes,
    "</svg>",
    "",
  ].join("\n");
}

function renderPanel(
  { title, unit, bars }: PlotPanel,
  { left, top, highlight }: { left: number; top: number; highlight: string },
): string[] {
  const longest = Math.max(...bars.map(({ value }) => value));
  const room = COLUMN_WIDTH - MARGIN - NAME_WIDTH - VALUE_WIDTH;
  return [
    text(left, top + 14, title, "head"),
    text(left, top + 30, unit, "small"),
    ...bars.flatMap(({ name, value }, index) => {
      const y = top + PANEL_HEAD - 6 + index * BAR_PITCH;
      const width = longest === 0 ? 0 : round(room * Math.max(0, value) / longest);
      const barLeft = left + NAME_WIDTH;
      const kind = name === highlight ? "bar highlight" : "bar";
      return [
        text(left, y + 12, name),
        `  <rect class="${kind}" x="${barLeft}" y="${y}" width="${width}" height="${BAR_HEIGHT}" rx="2"/>`,
        text(round(barLeft + width + 6), y + 12, formatFigure(value)),
      ];
    }),
  ];
}

function text(x: number, y: number, content: string, kind?: string): string {
  const style = kind === undefined ? "" : ` class="${kind}"`;
  return `  <text x="${x}" y="${y}"${style}>${escapeXml(content)}</text>`;
}

function round(pixels: number): number {
  return Math.round(pixels * 10) / 10;
}

function escapeXml(content: string): string {
  return content.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
