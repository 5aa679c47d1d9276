/**
 * Turns what the schema finds wrong into problems: chooses the alternative a user most likely meant,
 * finds the key that is missing or unknown, and guesses at what was meant. Pure.
 *
 * @module
 */
import type { z } from "zod";
import { formatChoice, quote } from "./problem.ts";
import type { Path, Report } from "./report.ts";
import { DefaultsSchema, FileSchema, RouteSchema } from "./schema.ts";
import { suggest } from "./suggest.ts";

/** What a finding of the schema looks like, wherever it is nested. */
type Issue = z.core.$ZodIssue;

/** Reports an issue of a value at `base`. */
export function reportIssue(issue: Issue, base: Path, report: Report): void {
  const path = [...base, ...issue.path] as Path;
  if (issue.code === "invalid_union") return reportUnion(issue, path, report);
  if (issue.code === "unrecognized_keys") {
    for (const key of issue.keys) reportUnknownKey(path, key, report);
    return;
  }
  // A key that is a name of the user's choice.
  if (issue.code === "invalid_key") return report.cannotReadKey(path, issue.issues[0].message);
  const value = report.valueAt(path);
  if (value === undefined) return reportMissingKey(path, issue.message, report);
  const isSecret = issue.code === "custom" && issue.params?.isSecret === true;
  report.cannotUse(path, issue.message, {
    hint: hintFor(issue, value) ?? exampleFor(path),
    isSecret,
  });
}

function reportMissingKey(path: Path, message: string, report: Report): void {
  const owner = path.slice(0, -1);
  const key = String(path.at(-1));
  const given = Object.keys(report.valueAt(owner) ?? {});
  const known = knownKeys(owner, report);
  // The problem of the key that is meant to be this one says it already.
  if (given.some((other) => !known.includes(other) && suggest(other, [key]) !== undefined)) return;
  report.cannotReadMapping(owner, `key ${quote(key)} ${message}`, { hint: exampleFor(path) });
}

/** `routes` is what a user starts with, and has no default to learn from. */
function exampleFor(path: Path): string | undefined {
  if (path.length !== 1 || path[0] !== "routes") return undefined;
  return 'write for example "routes: [{ hosts: [app.example.org], mode: passthrough, ' +
    'upstream: 10.0.0.1:443 }]"';
}

/**
 * Reports a key that is not in the schema.
 *
 * @param path Of the mapping that holds the key.
 */
export function reportUnknownKey(path: Path, key: string, report: Report): void {
  const known = knownKeys(path, report);
  const special = specialHint(path, key);
  const guess = special === undefined ? suggest(key, known) : undefined;
  // Next to a guess, or where there are many, the whole list only hides what matters.
  const list = guess === undefined && special === undefined && known.length <= 6;
  const state = `unknown key ${quote(key)}${list ? `, expected ${formatChoice(known)}` : ""}`;
  const hint = special ?? (guess === undefined ? undefined : `did you mean ${quote(guess)}?`);
  report.cannotReadKey([...path, key], state, { hint });
}

/** Keys that stand in the wrong place, with the right one. */
function specialHint(path: Path, key: string): string | undefined {
  const isRoute = path[0] === "routes" && path.length >= 2;
  if (isRoute && path.length === 3 && path[2] === "timeouts" && key === "hello") {
    return 'this limit acts before a route is known: give it as "timeouts.hello" in "defaults"';
  }
  const shared = Object.hasOwn(DefaultsSchema.shape, key);
  if (path.length === 0 && shared) return `put it into a route, or into "defaults" for every route`;
  if (path.length === 0 && Object.hasOwn(RouteSchema.shape, key)) return "put it into a route";
  if (isRoute && path.length === 2 && Object.hasOwn(FileSchema.shape, key)) {
    return "put it at the top of the file";
  }
  const forRoute = key !== "hello" && Object.hasOwn(RouteSchema.shape, key);
  return path.length === 1 && path[0] === "defaults" && forRoute
    ? "put it into a route"
    : undefined;
}

/** Walks the schema to the mapping at `path`; alternatives are tried in turn. */
function knownKeys(path: Path, report: Report): string[] {
  const found = mappingsAt(FileSchema, path);
  // Of two mappings, the one that shares a key with the file is meant. The file's keys are not
  // listed: they may be many, and each unknown one comes here.
  const given = report.valueAt(path);
  const isMapping = typeof given === "object" && given !== null;
  const meant = found.find((keys) => isMapping && keys.some((key) => Object.hasOwn(given, key)));
  return meant ?? found[0] ?? [];
}

function mappingsAt(schema: z.core.$ZodType, path: Path): string[][] {
  const { def } = schema._zod as z.core.$ZodTypes["_zod"];
  if (def.type === "optional") return mappingsAt(def.innerType, path);
  if (def.type === "pipe") return mappingsAt(def.in, path);
  if (def.type === "union") return def.options.flatMap((option) => mappingsAt(option, path));
  if (def.type === "array") {
    return typeof path[0] === "number" ? mappingsAt(def.element, path.slice(1)) : [];
  }
  if (def.type !== "object") return [];
  if (path.length === 0) return [Object.keys(def.shape)];
  const next = Object.hasOwn(def.shape, path[0]) ? def.shape[path[0]] : undefined;
  return next === undefined ? [] : mappingsAt(next, path.slice(1));
}

/** Reports what is wrong within the one alternative that has the value's kind, if there is one. */
function reportUnion(issue: Extract<Issue, { code: "invalid_union" }>, path: Path, report: Report) {
  const value = report.valueAt(path);
  const meant = issue.errors.filter((issues) => !issues.some((inner) => isWrongKind(inner, value)));
  if (value === undefined || meant.length === 0) {
    return reportIssue({ ...issue, code: "custom", path: [] } as Issue, path, report);
  }
  for (const inner of meant[0]) reportIssue(inner, path, report);
}

/** Says whether an alternative was refused as a whole, and not for something inside it. */
function isWrongKind(issue: Issue, value: unknown): boolean {
  if (issue.path.length > 0) return false;
  if (issue.code === "invalid_union") {
    return issue.errors.every((issues) => issues.some((inner) => isWrongKind(inner, value)));
  }
  if (issue.code === "invalid_value") return typeof value !== "string";
  return issue.code === "invalid_type";
}

function hintFor(issue: Issue, value: unknown): string | undefined {
  if (issue.code === "custom") return issue.params?.hint as string | undefined;
  if (issue.code === "invalid_type" && issue.expected === "array" && typeof value === "string") {
    return `write it as a list: [${quote(value)}]`;
  }
  if (issue.code !== "invalid_value" || typeof value !== "string") return undefined;
  const words = issue.values.filter((word) => typeof word === "string");
  const guess = suggest(value, words);
  return guess === undefined ? undefined : `did you mean ${quote(guess)}?`;
}
