/**
 * Stops YAML that would cost too much before it is composed: the composer recurses into each level and
 * makes an object of each token and of each error, so that megabytes of brackets would end the whole
 * process, out of memory. Reads tokens one at a time and keeps none. Pure.
 *
 * @module
 */
import { Lexer, Parser } from "yaml";
import { CONFIG_DEPTH_MAX, CONFIG_TOKENS_MAX } from "../base/limits.ts";

/** Whether a text may be composed, or what there is too much of and where that begins to be so. */
export type YamlSize =
  | { readonly kind: "fits" }
  /** `offset` in UTF-16 units. */
  | { readonly kind: "too_deep" | "too_many_tokens"; readonly offset: number };

/**
 * The parser holds up to two entries for a level of nesting, and a few for what it is reading now. The
 * exact limit is held where values are read; here it is enough to be near.
 */
const OPEN_TOKENS_MAX = 2 * CONFIG_DEPTH_MAX + 8;

/** Checks the number of tokens and, roughly, the depth of YAML text. */
export function checkYamlSize(text: string): YamlSize {
  const parser = new Parser();
  let count = 0;
  for (const lexeme of new Lexer().lex(text)) {
    if (++count > CONFIG_TOKENS_MAX) return { kind: "too_many_tokens", offset: parser.offset };
    // What a document consists of only matters to the composer.
    for (const _ of parser.next(lexeme));
    if (parser.stack.length > OPEN_TOKENS_MAX) return { kind: "too_deep", offset: parser.offset };
  }
  return { kind: "fits" };
}
