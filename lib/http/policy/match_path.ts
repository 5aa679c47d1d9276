/**
 * Finds the entry of `paths` that a request belongs to. The target is forwarded as it was sent; it is
 * only compared as servers may read it, and refused if they would not agree: `/api/../admin` belongs
 * to nobody. So whatever an upstream takes for a guarded path has met its guard. Pure. Input comes from
 * strangers.
 *
 * @module
 */
import { foldPathText, readPathText, UNKNOWN_LETTER } from "../../base/path_text.ts";
import type { PathConfig, PathPattern } from "../../config/config.ts";
import { pathOf } from "../application.ts";
import {
  FOLDING_STEPS,
  isDoubtful,
  isDoubtfulText,
  plainReading,
  readingsOf,
  readPlusAsSpace,
  type Step,
  TEXT_STEPS,
} from "./path_readings.ts";

/** Which entry is a request's. */
export type PathMatch =
  | { readonly kind: "path"; readonly path: PathConfig }
  /** The route itself. */
  | { readonly kind: "none" }
  /** To be answered with 400: servers may read the path in ways that belong to different entries. */
  | { readonly kind: "ambiguous" };

/** Finds the entry of a path in one of its readings, if that can be read. */
type Find = (reading: string) => PathConfig | undefined | "unreadable";

const NONE: PathMatch = { kind: "none" };
const AMBIGUOUS: PathMatch = { kind: "ambiguous" };

/** What a request may escape or not. */
const ESCAPABLE = /[^\w.~\/-]/;

/** What it has to. */
const ESCAPED = /[^!-~]/;

/**
 * Prepares entries for matching.
 *
 * @param paths The first that matches wins.
 * @returns What matches a target: in origin form, or `*`, which counts as `/`.
 */
export function createPathMatcher(paths: readonly PathConfig[]): (target: string) => PathMatch {
  const hasText = paths.some(({ pattern }) => ESCAPABLE.test(pattern.path));
  const match = hasText ? matcherOfText(paths) : matcherOfUnreserved(paths);
  return (target) => match(plainReading(target === "*" ? "/" : pathOf(target)));
}

/** Where patterns hold what every request writes in one way (`unreserved`, RFC 3986 §2.3). */
function matcherOfUnreserved(paths: readonly PathConfig[]): (plain: string) => PathMatch {
  const find = (reading: string) => paths.find(({ pattern }) => matchesPattern(pattern, reading));
  return (plain) => {
    const found = find(plain);
    const isSure = !isDoubtful(plain) || isUnanimous(readingsOf(plain), find, found);
    return isSure ? asMatch(found) : AMBIGUOUS;
  };
}

/**
 * Where patterns hold signs, spaces or letters outside ASCII. Two kinds of server have to agree: those
 * that tell `straße` from `strasse`, and those that do not.
 */
function matcherOfText(paths: readonly PathConfig[]): (plain: string) => PathMatch {
  const find: Find = (reading) => {
    const text = readPathText(reading);
    if (text === undefined) return "unreadable";
    return paths.find(({ pattern }) => matchesPattern(pattern, text));
  };
  const folded = paths.map(({ pattern }) => new FoldedPattern(pattern));
  const findFolded: Find = (reading) => {
    const text = readPathText(reading);
    if (text === undefined) return "unreadable";
    const letters = foldPathText(text);
    return paths[folded.findIndex((each) => each.mayMatch(letters))];
  };
  const plus = spaceSteps(paths);
  const [steps, foldingSteps] = [[...TEXT_STEPS, ...plus], [...FOLDING_STEPS, ...plus]];
  return (plain) => {
    const found = find(plain);
    if (found === "unreadable") return AMBIGUOUS;
    const isSure = isDoubtful(plain) || isDoubtfulText(plain)
      ? isUnanimous(readingsOf(plain, steps), find, found) &&
        isUnanimous(readingsOf(plain, foldingSteps), findFolded, found)
      : findFolded(plain) === found;
    return isSure ? asMatch(found) : AMBIGUOUS;
  };
}

/** Where a plus is meant as such, `c++` would be no entry's: folding takes care of it alone. */
function spaceSteps(paths: readonly PathConfig[]): Step[] {
  const holds = (sign: string) => paths.some(({ pattern }) => pattern.path.includes(sign));
  return holds(" ") && !holds("+") ? [readPlusAsSpace] : [];
}

function asMatch(path: PathConfig | undefined): PathMatch {
  return path === undefined ? NONE : { kind: "path", path };
}

/** Says whether a pattern is for a path. @param path As a person reads it, in lower case. */
export function matchesPattern({ kind, path: own }: PathPattern, path: string): boolean {
  if (!path.startsWith(own)) return false;
  return path.length === own.length || (kind === "prefix" && path[own.length] === "/");
}

function isUnanimous(
  readings: Generator<string, boolean>,
  find: Find,
  found: PathConfig | undefined,
): boolean {
  for (let next = readings.next();; next = readings.next()) {
    if (next.done) return next.value;
    if (find(next.value) !== found) return false;
  }
}

/** A pattern as servers read it that take many letters for the same one. */
class FoldedPattern {
  readonly #pattern: PathPattern;
  readonly #segments: readonly { readonly folded: string; readonly hasText: boolean }[];

  constructor({ kind, path }: PathPattern) {
    this.#pattern = { kind, path: foldPathText(path) };
    this.#segments = path.split("/").map((segment) => (
      { folded: foldPathText(segment), hasText: ESCAPED.test(segment) }
    ));
  }

  /**
   * Says whether some server may find the pattern in a path. Bytes that are no UTF-8 may be any letters,
   * of the code page that the server has.
   *
   * @param text Folded.
   */
  mayMatch(text: string): boolean {
    if (!text.includes(UNKNOWN_LETTER)) return matchesPattern(this.#pattern, text);
    const given = text.split("/");
    const least = this.#segments.length;
    if (given.length < least || (this.#pattern.kind === "exact" && given.length > least)) {
      return false;
    }
    return this.#segments.every(({ folded, hasText }, index) =>
      folded === given[index] || (hasText && given[index].includes(UNKNOWN_LETTER))
    );
  }
}
