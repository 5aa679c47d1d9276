/**
 * The text of `routes.yaml` -> the effective configuration, or everything that is wrong with it. In
 * three steps: YAML, each value by itself, values against each other; a step that cannot go on says
 * so instead of guessing. Pure, except that a relative path is resolved in the working directory.
 *
 * @module
 */
import { basename, dirname, resolve } from "node:path";
import { CONFIG_MAX_BYTES, HELLO_TIMEOUT_MS } from "../base/limits.ts";
import { checkHosts } from "./check_hosts.ts";
import type { Config, RouteConfig } from "./config.ts";
import { type Problem, quote, WHOLE_FILE } from "./problem.ts";
import { ProblemList } from "./problem_list.ts";
import { type ReadFile, readValues } from "./read_values.ts";
import { Report } from "./report.ts";
import { resolveListen } from "./resolve_listen.ts";
import { resolveRoute } from "./resolve_route.ts";
import { contradiction, CONTRADICTION_HINT } from "./resolve_tls.ts";
import type { FileContext } from "./route_context.ts";
import { DEFAULT_ACME_DIRECTORY } from "./scalars.ts";
import { secretSpans } from "./secret_spans.ts";
import { SourceText } from "./source_text.ts";
import { parseYamlTree } from "./yaml_tree.ts";

/** A configuration that can be used, or why it cannot. */
export type ParsedConfig =
  | { readonly kind: "config"; readonly config: Config; readonly warnings: readonly Problem[] }
  /** At least one error; warnings stand among them. In order of position. */
  | { readonly kind: "problems"; readonly problems: readonly Problem[] };

/**
 * Parses a configuration.
 *
 * @param text At most {@linkcode CONFIG_MAX_BYTES} characters; more is a problem.
 * @param options `path` of the file: names it in messages, and relative paths in the file start at
 * its folder.
 */
export function parseConfig(text: string, options: { path: string }): ParsedConfig {
  const name = basename(options.path);
  if (text.length > CONFIG_MAX_BYTES) {
    return refuseFile(name, `it is larger than ${CONFIG_MAX_BYTES} bytes`);
  }
  // A byte order mark is no part of the first line.
  const source = new SourceText(text.replace(/^\ufeff/, ""));
  const problems = new ProblemList(source);
  const config = parse(source, problems, { name, folder: dirname(options.path) });
  if (config === undefined || problems.errorCount > 0) {
    return { kind: "problems", problems: problems.sorted() };
  }
  return { kind: "config", config, warnings: problems.sorted() };
}

/** Returns the answer for a file that cannot be read at all. */
export function refuseFile(name: string, state: string, hint?: string): ParsedConfig {
  const message = `Cannot read ${quote(name)}: ${state}`;
  return { kind: "problems", problems: [{ ...WHOLE_FILE, severity: "error", message, hint }] };
}

function parse(
  source: SourceText,
  problems: ProblemList,
  file: { name: string; folder: string },
): Config | undefined {
  const tree = parseYamlTree(source.text, problems, file);
  if (tree === undefined) return undefined;
  source.hide(secretSpans(tree));
  const report = new Report(problems, tree, file);
  if (tree.value === null || typeof tree.value !== "object" || Array.isArray(tree.value)) {
    const state = tree.value === null ? "the file is empty" : "it is not a mapping";
    report.cannotReadMapping([], `${state}, expected "version" and "routes"`, {
      hint: 'begin with "version: 1", then "routes:" and a list',
    });
    return undefined;
  }
  return resolveFile(readValues(report), report, (path) => resolve(file.folder, path));
}

function resolveFile(
  file: ReadFile,
  report: Report,
  resolvePath: (path: string) => string,
): Config {
  const { top, defaults } = file;
  const listen = resolveListen(top.listen, report);
  const hosts = checkHosts(file.routes.length, report);
  const state = contradiction(defaults.upstream_tls ?? {});
  if (state !== undefined) {
    report.cannotUse(["defaults", "upstream_tls"], state, { hint: CONTRADICTION_HINT });
  }
  const engine = top.relay?.engine ?? "auto";
  const context: FileContext = { defaults, listen, engine, hosts, report, resolvePath };
  return {
    listen,
    acme: {
      email: top.acme?.email,
      directory: top.acme?.directory ?? DEFAULT_ACME_DIRECTORY,
      caFile: top.acme?.ca === undefined ? undefined : resolvePath(top.acme.ca),
    },
    stateFolder: top.state === undefined ? undefined : resolvePath(top.state),
    relay: {
      engine,
      workers: top.relay?.workers === "auto" ? undefined : top.relay?.workers,
    },
    log: { level: top.log?.level ?? "info" },
    trustedProxies: top.trusted_proxies ?? [],
    helloTimeoutMs: defaults.timeouts?.hello ?? HELLO_TIMEOUT_MS,
    routes: file.routes
      .map((route, index) => resolveRoute(index, route, context))
      .filter((route): route is RouteConfig => route !== undefined),
  };
}
