/**
 * The corpus beside the project and the programs in it: they play cases against an address and say
 * which ones fail. The corpus need not be there. Does I/O.
 *
 * @module
 */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { findInstalled, requireInstalled } from "./installed.ts";

const FOLDER = fileURLToPath(new URL("../../../shared/corpus/", import.meta.url));

/**
 * h1check writes and reads one TLS connection from two threads, which Python's ssl does not allow
 * for; Python itself then ends by SIGSEGV or SIGABRT in about one run of twenty.
 */
const ATTEMPTS_MAX = 3;

/** What a program of the corpus found. */
export interface CorpusReport {
  readonly passed: number;
  readonly failed: number;
  /** Rows that failed, by name, in their order. */
  readonly failures: readonly string[];
  /** Everything it printed. */
  readonly output: string;
}

/** Registers a test that needs the corpus; where it is missing, its name says that it is skipped. */
export function testWithCorpus(
  name: string,
  run: (context: Deno.TestContext) => Promise<void>,
): void {
  const missing = !existsSync(FOLDER)
    ? "no corpus beside the project"
    : findInstalled("python3") === undefined
    ? "python3 not installed"
    : undefined;
  Deno.test({
    name: missing === undefined ? name : `${name} (skipped: ${missing})`,
    ignore: missing !== undefined,
    fn: run,
  });
}

/**
 * Runs a program of the corpus to its end.
 *
 * @throws {Error} If it does not print a total.
 */
export async function runCorpus(program: string, args: readonly string[]): Promise<CorpusReport> {
  for (let attempt = 1;; attempt++) {
    const { signal, output } = await runPython(program, args);
    const total = /^(\d+) passed, (\d+) failed$/m.exec(output);
    if (total !== null) {
      const failures = Array.from(output.matchAll(/^FAIL (\S+)/gm), ([, name]) => name);
      return { passed: Number(total[1]), failed: Number(total[2]), failures, output };
    }
    if (signal === null || attempt === ATTEMPTS_MAX) {
      throw new Error(`${program} did not end (${signal ?? "exit"}):\n${output}`);
    }
  }
}

async function runPython(program: string, args: readonly string[]) {
  const { stdout, stderr, signal } = await new Deno.Command(requireInstalled("python3"), {
    args: [`${FOLDER}${program}`, ...args],
    // It must leave nothing beside the corpus.
    env: { PYTHONDONTWRITEBYTECODE: "1" },
  }).output();
  return { signal, output: new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr) };
}

/** Returns a pattern for `--only` that stands for exactly these rows. */
export function onlyRows(names: readonly string[]): string {
  return `^(${names.map((name) => name.replace(/[^\w-]/g, "\\$&")).join("|")})$`;
}
