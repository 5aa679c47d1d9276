/**
 * `postern check`.
 *
 * @module
 */
import { formatProblems } from "../config/format_problems.ts";
import { type Problem, WHOLE_FILE } from "../config/problem.ts";
import type { Verb } from "./command_line.ts";
import { findFileProblems } from "./named_files.ts";
import { readConfig } from "./read_config.ts";

/** Reads the configuration and the files it names, and reports every problem; touches nothing. */
export const check: Verb = async (options, terminal) => {
  const config = await readConfig(options.config, terminal);
  if (config === undefined) return 2;
  const problems = (await findFileProblems(config)).map((message): Problem => (
    { ...WHOLE_FILE, severity: "error", message, hint: undefined }
  ));
  if (problems.length > 0) {
    const { color } = terminal;
    terminal.err(formatProblems(problems, { path: options.config, color }).trimEnd());
    return 2;
  }
  const hosts = config.routes.reduce((count, route) => count + route.hosts.length, 0);
  terminal.out(
    `${options.config}: ok, ${plural(config.routes.length, "route")}, ${plural(hosts, "host")}`,
  );
  return 0;
};

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
