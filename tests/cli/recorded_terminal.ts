/**
 * A terminal that keeps what a verb writes.
 *
 * @module
 */
import type { Verb } from "../../lib/cli/command_line.ts";
import type { Terminal } from "../../lib/cli/terminal.ts";

/** Lines by stream. */
export interface RecordedTerminal extends Terminal {
  readonly results: string[];
  readonly remarks: string[];
}

/** @param lost See `Terminal.lost`. */
export function recordTerminal(lost?: unknown): RecordedTerminal {
  const results: string[] = [];
  const remarks: string[] = [];
  return {
    results,
    remarks,
    color: false,
    lost,
    out: (line) => void results.push(line),
    err: (line) => void remarks.push(line),
  };
}

/** Runs a verb on a configuration file. @returns Its exit code and all it wrote, as two texts. */
export async function runVerb(
  verb: Verb,
  config: string,
): Promise<{ code: number; out: string; err: string }> {
  const terminal = recordTerminal();
  const code = await verb({ config, state: undefined }, terminal);
  return { code, out: terminal.results.join("\n"), err: terminal.remarks.join("\n") };
}
