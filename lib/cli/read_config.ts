/**
 * Reads the configuration for a verb and prints what is wrong with it.
 *
 * @module
 */
import type { Config } from "../config/config.ts";
import { formatProblems } from "../config/format_problems.ts";
import { loadConfig } from "../config/load_config.ts";
import type { Terminal } from "./terminal.ts";

/** @returns undefined if the file has an error; every problem has been printed then. */
export async function readConfig(path: string, terminal: Terminal): Promise<Config | undefined> {
  const loaded = await loadConfig(path);
  const problems = loaded.kind === "config" ? loaded.warnings : loaded.problems;
  if (problems.length > 0) {
    terminal.err(formatProblems(problems, { path, color: terminal.color }).trimEnd());
  }
  return loaded.kind === "config" ? loaded.config : undefined;
}
