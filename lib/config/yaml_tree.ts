/**
 * YAML text -> plain values that remember where they stand. Accepts what a configuration needs: one
 * document of YAML 1.2, text keys, no tags; a key given twice is a problem. Aliases are expanded
 * within a limit. Pure; the text is bounded by its caller.
 *
 * @module
 */
import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Node,
  type Pair,
  parseDocument,
  type YAMLError,
  type YAMLMap,
} from "yaml";
import { CONFIG_ALIAS_VALUES_MAX, CONFIG_DEPTH_MAX } from "../base/limits.ts";
import { checkYamlSize } from "./check_yaml_size.ts";
import { formatPlace, quote } from "./problem.ts";
import type { ProblemList } from "./problem_list.ts";
import type { Span } from "./source_text.ts";

/** A value and where it stands. */
export interface Tree {
  /** null, boolean, number, string, or an array or prototype-less object of such values. */
  readonly value: unknown;
  readonly span: Span;
  /** Where the key stands, if the value belongs to a key. */
  readonly keySpan: Span | undefined;
  /** By index or key. */
  readonly children: ReadonlyMap<string | number, Tree>;
}

const TOO_DEEP = "lists and mappings are nested too deeply";

const SIZE_STATES = { too_deep: TOO_DEEP, too_many_tokens: "it has too many values" };

/** A hostname fits; longer text by alias counts once more for each such piece. */
const ALIAS_VALUE_CHARACTERS = 256;

const STAR_HINT = 'put names that begin with "*" in quotes, for example "*.example.org"';

/**
 * Reads YAML text and adds what is wrong with it to `problems`.
 *
 * @param options `name` is the file's name in messages.
 * @returns undefined if anything was wrong: a half-understood tree would only yield wrong guesses.
 */
export function parseYamlTree(
  text: string,
  problems: ProblemList,
  options: { name: string },
): Tree | undefined {
  const fault: AddFault = (span, state, hint) =>
    problems.add(span, `Cannot read ${quote(options.name)}: ${state}`, { hint });
  const size = checkYamlSize(text);
  if (size.kind !== "fits") {
    fault({ start: size.offset, end: size.offset + 1 }, SIZE_STATES[size.kind]);
    return undefined;
  }
  // Keys given twice are found by the reader: the library compares each key with all others.
  const document = parseDocument(text, { prettyErrors: false, uniqueKeys: false, version: "1.2" });
  addSyntaxFaults([...document.errors, ...document.warnings], fault);
  if (document.directives?.yaml.version !== "1.2") {
    fault({ start: 0, end: 1 }, "it is not YAML 1.2", 'remove the "%YAML" line');
  }
  if (problems.errorCount > 0) return undefined;
  const tree = new TreeReader(problems, fault).read(document);
  return problems.errorCount > 0 ? undefined : tree;
}

type AddFault = (span: Span, state: string, hint?: string) => void;

/** Our words where the library's would not tell what to do. */
const SYNTAX_STATES: Readonly<Record<string, readonly [state: string, hint?: string]>> = {
  TAB_AS_INDENT: ["a tab is used for indentation", "indent with spaces"],
  MULTIPLE_DOCS: ["a second document begins", 'remove the "---" line'],
  BAD_ALIAS: ['"*" begins an alias, expected its name', STAR_HINT],
  TAG_RESOLVE_FAILED: ["tags are not supported", 'put text that begins with "!" in quotes'],
  BLOCK_AS_IMPLICIT_KEY: [
    "a mapping begins inside a value",
    'put text that contains ": " in quotes',
  ],
};

function addSyntaxFaults(errors: readonly YAMLError[], fault: AddFault): void {
  const starts = new Set<number>();
  for (const { code, message, pos: [start, end] } of errors) {
    // Where two errors begin, the second only follows from the first.
    if (starts.has(start)) continue;
    starts.add(start);
    const unclosed = unclosedState(message);
    const [state, hint] = SYNTAX_STATES[code] ?? [unclosed ?? decapitalize(message)];
    fault({ start, end }, state, hint);
  }
}

function unclosedState(message: string): string | undefined {
  if (/^Missing closing .quote$/.test(message)) return "a closing quote is missing";
  const bracket = /end with a (.)$/.exec(message)?.[1];
  if (bracket === undefined) return undefined;
  return `"${bracket}" is missing, or what stands before it is not indented far enough`;
}

function decapitalize(message: string): string {
  // The library quotes the text it stumbled over; whatever stands there must not reach a terminal.
  const text = quote(message).slice(1, -1).replaceAll('\\"', '"');
  return text.slice(0, 1).toLowerCase() + text.slice(1);
}

/** Turns the library's nodes into a {@linkcode Tree}. Used once. */
class TreeReader {
  readonly #problems: ProblemList;
  readonly #fault: AddFault;
  readonly #anchors = new Map<string, Node>();
  /** Nodes that are being read: an alias to one of them would never end. */
  readonly #open = new Set<Node>();
  #aliasValues = 0;

  constructor(problems: ProblemList, fault: AddFault) {
    this.#problems = problems;
    this.#fault = fault;
  }

  read(document: Document.Parsed): Tree {
    return this.#node(document.contents, { keySpan: undefined, depth: 0, alias: undefined });
  }

  #node(node: unknown, at: At): Tree {
    if (isAlias(node)) return this.#alias(node, at);
    const span = at.alias ?? spanOf(node as Node | null) ?? at.keySpan ?? { start: 0, end: 0 };
    const leaf = (value: unknown): Tree => ({ value, span, keySpan: at.keySpan, children: NONE });
    if (at.alias !== undefined && !this.#admitAliasValue(node, span)) return leaf(null);
    if (isScalar(node)) {
      if (node.anchor !== undefined) this.#anchors.set(node.anchor, node);
      return leaf(node.value);
    }
    if (!isMap(node) && !isSeq(node)) return leaf(null);
    if (node.anchor !== undefined) this.#anchors.set(node.anchor, node);
    if (at.depth >= CONFIG_DEPTH_MAX) {
      this.#fault(span, TOO_DEEP);
      return leaf(null);
    }
    this.#open.add(node);
    const children = isMap(node) ? this.#entries(node, at) : this.#items(node.items, at);
    this.#open.delete(node);
    return { value: plainValue(children, isMap(node)), span, keySpan: at.keySpan, children };
  }

  /** Counts a value that an alias adds; long text counts for several, as each is read again. */
  #admitAliasValue(node: unknown, span: Span): boolean {
    const text = isScalar(node) && typeof node.value === "string" ? node.value : "";
    const isAdmitted = this.#aliasValues <= CONFIG_ALIAS_VALUES_MAX;
    this.#aliasValues += 1 + Math.floor(text.length / ALIAS_VALUE_CHARACTERS);
    if (this.#aliasValues <= CONFIG_ALIAS_VALUES_MAX) return true;
    // Said once: every further value would say the same.
    if (isAdmitted) this.#fault(span, "aliases add too much");
    return false;
  }

  #alias(node: Node & { source: string }, at: At): Tree {
    const target = this.#anchors.get(node.source);
    const span = at.alias ?? spanOf(node) ?? { start: 0, end: 0 };
    if (target !== undefined && !this.#open.has(target)) {
      return this.#node(target, { ...at, alias: span });
    }
    const state = target === undefined
      ? `alias ${quote(node.source)} is not known`
      : `alias ${quote(node.source)} contains itself`;
    this.#fault(span, state, target === undefined ? STAR_HINT : undefined);
    return { value: null, span, keySpan: at.keySpan, children: NONE };
  }

  #items(items: readonly unknown[], at: At): Map<number, Tree> {
    const below = { ...at, depth: at.depth + 1, keySpan: undefined };
    return new Map(items.map((item, index) => [index, this.#node(item, below)]));
  }

  #entries(map: YAMLMap, at: At): Map<string, Tree> {
    const entries = new Map<string, Tree>();
    for (const { key, value } of map.items as Pair<Node | null, Node | null>[]) {
      const keySpan = at.alias ?? spanOf(key) ?? spanOf(map) ?? { start: 0, end: 0 };
      const name = isScalar(key) && key.value !== null ? String(key.value) : undefined;
      if (name === undefined) {
        this.#fault(keySpan, "a key is not text");
        continue;
      }
      const first = entries.get(name);
      if (first !== undefined) {
        const place = formatPlace(this.#problems.place(first.keySpan ?? first.span));
        this.#fault(keySpan, `key ${quote(name)} is already given at ${place}`);
        continue;
      }
      entries.set(name, this.#node(value, { ...at, depth: at.depth + 1, keySpan }));
    }
    return entries;
  }
}

/** Where the reader is. Everything below an alias stands where the alias stands. */
interface At {
  readonly keySpan: Span | undefined;
  readonly depth: number;
  readonly alias: Span | undefined;
}

const NONE: ReadonlyMap<string | number, Tree> = new Map();

/** @returns undefined for a value of no width, such as what is missing after `key:`. */
function spanOf(node: Node | null): Span | undefined {
  const range = node?.range;
  if (range === undefined || range === null || range[0] === range[1]) return undefined;
  return { start: range[0], end: range[1] };
}

function plainValue(children: ReadonlyMap<string | number, Tree>, isMapping: boolean): unknown {
  if (!isMapping) return Array.from(children.values(), (child) => child.value);
  // Without a prototype, so that a key named "__proto__" is a key like any other.
  const mapping = Object.create(null) as Record<string | number, unknown>;
  for (const [key, child] of children) mapping[key] = child.value;
  return mapping;
}
