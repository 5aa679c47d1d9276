/**
 * Reads the command line and runs one verb.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { errorText } from "../base/failures.ts";
import { check } from "./check.ts";
import { help } from "./help.ts";
import { routes } from "./routes.ts";
import { run } from "./run.ts";
import { schema } from "./schema.ts";
import { openTerminal, type Terminal } from "./terminal.ts";
import { version } from "./version.ts";

/** Exit codes of every verb. */
export const EXIT = {
  done: 0,
  /** It failed while running. */
  failed: 1,
  /** The configuration or the command line is wrong. */
  usage: 2,
} as const;

/** What may stand behind a verb. */
export interface CommandOptions {
  /** Path of the configuration. */
  readonly config: string;
  /** Path of the state folder; undefined means what the configuration says. */
  readonly state: string | undefined;
}

/** A verb. @returns The exit code. */
export type Verb = (options: CommandOptions, terminal: Terminal) => number | Promise<number>;

const VERBS: Readonly<Record<string, Verb>> = { run, check, routes, schema, version, help };

/** Runs the verb that `args` name. @returns The exit code, one of {@linkcode EXIT}. */
export async function runCommandLine(args: readonly string[]): Promise<number> {
  const terminal = openTerminal();
  const parsed = parse(args);
  if (typeof parsed === "string") {
    terminal.err(`postern: ${parsed}`);
    terminal.err(`  hint: "postern help" lists the verbs and options`);
    return EXIT.usage;
  }
  return await parsed.verb(parsed.options, terminal);
}

/** @returns The verb with its options, or what is wrong. */
function parse(args: readonly string[]): { verb: Verb; options: CommandOptions } | string {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        config: { type: "string", short: "c", default: "routes.yaml" },
        state: { type: "string" },
        help: { type: "boolean", short: "h", default: false },
        version: { type: "boolean", default: false },
      },
    });
    const [name = "help", ...rest] = positionals;
    const options = { config: values.config, state: values.state };
    if (values.help) return { verb: help, options };
    if (values.version) return { verb: version, options };
    const verb = Object.hasOwn(VERBS, name) ? VERBS[name] : undefined;
    if (verb === undefined) return `Cannot run "${name}": unknown verb`;
    if (rest.length > 0) return `Cannot run "${name}": unexpected argument "${rest[0]}"`;
    return { verb, options };
  } catch (error) {
    return errorText(error);
  }
}
