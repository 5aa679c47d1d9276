/**
 * Reads each value of the file by itself, key by key, so that one broken value hides no other: what
 * is sound goes on to the checks between values, and all problems come out at once. Pure.
 *
 * @module
 */
import { z } from "zod";
import type { Path, Report } from "./report.ts";
import { reportIssue, reportUnknownKey } from "./schema_issues.ts";
import {
  DefaultsSchema,
  type DefaultsValues,
  FileSchema,
  type FileValues,
  RouteSchema,
  type RouteValues,
} from "./schema.ts";

/** The values of one mapping that are sound. */
export interface ReadMapping<T> {
  readonly path: Path;
  readonly values: Partial<T>;
  /** Nothing was refused: a key that is not here is not in the file either. */
  readonly isSound: boolean;
}

/** What is sound in a file. */
export interface ReadFile {
  readonly top: Partial<Omit<FileValues, "routes" | "defaults">>;
  readonly defaults: Partial<DefaultsValues>;
  /** In the order of the file; an entry that is no mapping has no values. */
  readonly routes: readonly ReadMapping<RouteValues>[];
}

/** Reads a whole file and reports every value that is not what its key needs. */
export function readValues(report: Report): ReadFile {
  const { routes: routesSchema, defaults: _, ...top } = FileSchema.shape;
  const topOnly = readMapping(z.strictObject(top), [], report, ["routes", "defaults"]);
  const hasDefaults = report.valueAt(["defaults"]) !== undefined;
  const defaults = hasDefaults ? readMapping(DefaultsSchema, ["defaults"], report).values : {};
  const list = report.valueAt(["routes"]);
  const isList = Array.isArray(list) && list.length > 0;
  if (!isList) reportAll(routesSchema, ["routes"], report);
  const count = isList ? list.length : 0;
  const routes = Array.from(
    { length: count },
    (_, index) => readMapping(RouteSchema, ["routes", index], report),
  );
  return { top: topOnly.values, defaults, routes };
}

function reportAll(schema: z.ZodType, path: Path, report: Report): void {
  for (const issue of schema.safeParse(report.valueAt(path)).error?.issues ?? []) {
    reportIssue(issue, path, report);
  }
}

function readMapping<S extends z.core.$ZodLooseShape>(
  schema: z.ZodObject<S, z.core.$strict>,
  path: Path,
  report: Report,
  alsoKnown: readonly string[] = [],
): ReadMapping<z.output<z.ZodObject<S>>> {
  const mapping = report.valueAt(path);
  if (typeof mapping !== "object" || mapping === null || Array.isArray(mapping)) {
    reportAll(schema, path, report);
    return { path, values: {}, isSound: false };
  }
  let isSound = true;
  const refuse = (run: () => void) => {
    isSound = false;
    run();
  };
  for (const key of Object.keys(mapping)) {
    if (Object.hasOwn(schema.shape, key) || alsoKnown.includes(key)) continue;
    refuse(() => reportUnknownKey(path, key, report));
  }
  const values: Record<string, unknown> = {};
  for (const [key, inner] of Object.entries(schema.shape) as [string, z.ZodType][]) {
    const result = inner.safeParse((mapping as Record<string, unknown>)[key]);
    if (result.success) values[key] = result.data;
    else {for (const issue of result.error.issues) {
        refuse(() => reportIssue(issue, [...path, key], report));
      }}
  }
  return { path, values: values as ReadMapping<z.output<z.ZodObject<S>>>["values"], isSound };
}
