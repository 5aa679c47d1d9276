/**
 * What a file exports and how it is documented, read from its layout: `deno fmt` puts every export at
 * the start of a line. (`deno doc --json` knows more, and fetches from the registry to tell.) Pure.
 *
 * @module
 */
import { lineAt } from "./sources.ts";

/** One exported name. */
export interface ExportedName {
  readonly name: string;
  /** The keyword before its name: `const`, `function`, `class`, `interface`, `type`, `enum`. */
  readonly kind: string;
  readonly line: number;
  /** Whether a docstring stands right before it. The signatures of an overload share one. */
  readonly isDocumented: boolean;
}

/** Between a docstring and its export, only words to the linter may stand. */
const EXPORT =
  /(?<doc>\*\/\n(?:\/\/ deno-[^\n]*\n)*)?^export (?:default |declare |abstract |async )*(?<kind>const|let|function|class|interface|type|enum)\b\*? (?<name>[\w$]+)/gm;

/** Finds the exports of a file; names it only passes on (`export { … } from`) are left out. */
export function parseExports(text: string): ExportedName[] {
  const found: ExportedName[] = [];
  for (const match of text.matchAll(EXPORT)) {
    const { doc, kind, name } = match.groups!;
    const previous = found.at(-1);
    if (previous?.name === name && kind === "function") continue;
    const line = lineAt(text, match.index + match[0].length);
    found.push({ name, kind, line, isDocumented: doc !== undefined });
  }
  return found;
}

/** Says whether a file leaves nothing behind at run time, so that there is nothing to test. */
export function isTypesOnly(text: string): boolean {
  const exports = parseExports(text);
  return exports.length > 0 &&
    exports.every(({ kind }) => kind === "interface" || kind === "type");
}
