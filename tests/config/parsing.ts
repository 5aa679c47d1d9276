/**
 * Short ways to parse a configuration in a test.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { Config, RouteConfig } from "../../lib/config/config.ts";
import { formatProblems } from "../../lib/config/format_problems.ts";
import { parseConfig, type ParsedConfig } from "../../lib/config/parse_config.ts";
import type { Problem } from "../../lib/config/problem.ts";
import { ProblemList } from "../../lib/config/problem_list.ts";
import { Report } from "../../lib/config/report.ts";
import { SourceText } from "../../lib/config/source_text.ts";
import { parseYamlTree } from "../../lib/config/yaml_tree.ts";

/** Parses a file of `/etc/postern`. */
export function parse(text: string): ParsedConfig {
  return parseConfig(text, { path: "/etc/postern/routes.yaml" });
}

/** Returns errors and warnings, whether the configuration can be used or not. */
export function problemsOf(result: ParsedConfig): readonly Problem[] {
  return result.kind === "problems" ? result.problems : result.warnings;
}

/** Parses a file that must be good. */
export function configOf(text: string): Config {
  const result = parse(text);
  assert(result.kind === "config", formatProblems(problemsOf(result), { path: "routes.yaml" }));
  return result.config;
}

/** Parses one route of a good file, written as a flow mapping; `top` are lines to put before. */
export function routeOf(route: string, top = ""): RouteConfig {
  return configOf(`${top}\nversion: 1\nroutes: [${route}]`).routes[0];
}

/** Returns `column message` of each problem of one route, as {@linkcode routeOf} takes it. */
export function messagesOf(route: string, top = ""): string[] {
  return problemsOf(parse(`${top}\nversion: 1\nroutes: [${route}]`)).map(({ message }) => message);
}

/** Returns what {@linkcode Report} needs for a text that is good YAML. */
export function reportOn(text: string): { problems: ProblemList; report: Report } {
  const problems = new ProblemList(new SourceText(text));
  const tree = parseYamlTree(text, problems, { name: "routes.yaml" });
  assert(tree !== undefined, "the text is not YAML");
  return { problems, report: new Report(problems, tree, { name: "routes.yaml" }) };
}
