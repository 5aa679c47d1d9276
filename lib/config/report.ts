/**
 * Says what is wrong with a value, by the path of keys that leads to it: finds its place, its text
 * and its name, and builds the sentence. Pure.
 *
 * @module
 */
import { formatPlace, formatValue, quote } from "./problem.ts";
import type { ProblemList, ProblemOptions } from "./problem_list.ts";
import type { Span } from "./source_text.ts";
import type { Tree } from "./yaml_tree.ts";

/** Keys and indexes from the top of the file: `["routes", 0, "hosts", 1]`. */
export type Path = readonly (string | number)[];

/** Reports problems of one file. */
export class Report {
  readonly #problems: ProblemList;
  readonly #root: Tree;
  readonly #name: string;

  /** @param options `name` is the file's name in messages. */
  constructor(problems: ProblemList, root: Tree, options: { name: string }) {
    this.#problems = problems;
    this.#root = root;
    this.#name = options.name;
  }

  /** Returns the plain value at a path, undefined if there is none. */
  valueAt(path: Path): unknown {
    return this.#find(path)?.value;
  }

  /** Names the place of a value inside a sentence: `line 7, column 15`. */
  placeOf(path: Path): string {
    return formatPlace(this.#problems.place(this.#spanOf(path)));
  }

  /** Returns the path of item `index` of a list, or `path` itself if a lone value stands there. */
  itemPath(path: Path, index: number): Path {
    return Array.isArray(this.valueAt(path)) ? [...path, index] : path;
  }

  /** Reports a value that cannot be used, at the value. */
  cannotUse(path: Path, state: string, options: ProblemOptions = {}): void {
    const isSecret = options.isSecret || this.#problems.isHidden(this.#spanOf(path));
    const value = isSecret ? "this value" : formatValue(this.valueAt(path));
    const message = `Cannot use ${value} as ${quote(keyName(path))}: ${state}`;
    this.#problems.add(this.#spanOf(path), message, options);
  }

  /** Reports a key that should not be there, at the key. */
  cannotReadKey(path: Path, state: string, options: ProblemOptions = {}): void {
    const tree = this.#find(path);
    const span = tree?.keySpan ?? this.#spanOf(path);
    this.#problems.add(
      span,
      `Cannot read ${this.#ownerName(path.slice(0, -1))}: ${state}`,
      options,
    );
  }

  /** Reports what is wrong with a mapping as a whole, at its first host if it is a route. */
  cannotReadMapping(path: Path, state: string, options: ProblemOptions = {}): void {
    const host = this.#firstHost(path);
    const at = host === undefined ? this.#headSpan(path) : this.#spanOf(host);
    this.#problems.add(at, `Cannot read ${this.#ownerName(path)}: ${state}`, options);
  }

  /** Reports any other sentence, at the value of a path. */
  add(path: Path, message: string, options: ProblemOptions = {}): void {
    this.#problems.add(this.#spanOf(path), message, options);
  }

  #find(path: Path): Tree | undefined {
    let tree: Tree | undefined = this.#root;
    for (const step of path) tree = tree?.children.get(step);
    return tree;
  }

  /** The nearest thing that exists on the way to a path. */
  #spanOf(path: Path): Span {
    for (let length = path.length; length > 0; length--) {
      const tree = this.#find(path.slice(0, length));
      if (tree !== undefined) return tree.span;
    }
    return { start: 0, end: 1 };
  }

  /** The key of a mapping, or its first character. */
  #headSpan(path: Path): Span {
    const span = this.#spanOf(path);
    return this.#find(path)?.keySpan ?? { start: span.start, end: span.start + 1 };
  }

  #firstHost(path: Path): Path | undefined {
    if (!isRoutePath(path)) return undefined;
    const host = [...path, "hosts", 0];
    return typeof this.valueAt(host) === "string" ? host : undefined;
  }

  #ownerName(path: Path): string {
    if (path.length === 0) return quote(this.#name);
    const route = isRoutePath(path.slice(0, 2)) ? this.#routeName(path.slice(0, 2)) : undefined;
    if (path.length === 2 && route !== undefined) return route;
    return route === undefined ? quote(keyName(path)) : `${quote(keyName(path))} of ${route}`;
  }

  #routeName(path: Path): string {
    const host = this.#firstHost(path);
    return host === undefined
      ? `route ${Number(path[1]) + 1}`
      : `route ${quote(String(this.valueAt(host)))}`;
  }
}

function isRoutePath(path: Path): boolean {
  return path.length === 2 && path[0] === "routes" && typeof path[1] === "number";
}

/** The name a user knows: `timeouts.hello`, whichever route and whichever item of a list it is. */
function keyName(path: Path): string {
  const steps = isRoutePath(path.slice(0, 2)) && path.length > 2 ? path.slice(2) : path;
  const keys = steps.filter((step) => typeof step === "string");
  return keys.length === 0 ? "value" : keys.join(".");
}
