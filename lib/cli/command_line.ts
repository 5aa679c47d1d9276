/**
 * Reads the command line and runs one verb.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { errorText } from "../base/failures.ts";
import { suggest } from "../config/suggest.ts";
import { check } from "./check.ts";
import { hashPasswordVerb } from "./hash_password.ts";
import { help } from "./help.ts";
import { routes } from "./routes.ts";
import { run } from "./run.ts";
import { schema } from "./schema.ts";
import type { Terminal } from "./terminal.ts";
import type { TransparentAction } from "./transparent.ts";
import { transparentVerb } from "./transparent_verb.ts";
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
  /** What `transparent` does, by default `print`; no other verb reads it. */
  readonly action?: TransparentAction;
}

/** A verb. @returns The exit code. */
export type Verb = (options: CommandOptions, terminal: Terminal) => number | Promise<number>;

const VERBS: Readonly<Record<string, Verb>> = {
  run,
  check,
  routes,
  transparent: transparentVerb,
  "hash-password": hashPasswordVerb,
  schema,
  version,
  help,
};

/** Names of the options, each with its type and short form. */
const OPTIONS = {
  config: { type: "string", short: "c", default: "routes.yaml" },
  state: { type: "string" },
  apply: { type: "boolean", default: false },
  remove: { type: "boolean", default: false },
  help: { type: "boolean", short: "h", default: false },
  version: { type: "boolean", default: false },
} as const;

/** Runs the verb that `args` name. @returns The exit code, one of {@linkcode EXIT}. */
export async function runCommandLine(args: readonly string[], terminal: Terminal): Promise<number> {
  const command = parse(args);
  if (command.kind === "problem") {
    terminal.err(`postern: ${command.problem}`);
    terminal.err(`  hint: ${command.hint}`);
    return EXIT.usage;
  }
  const code = await command.verb(command.options, terminal);
  if (terminal.lost === undefined || code !== EXIT.done) return code;
  terminal.err(`postern: Cannot write the result: ${errorText(terminal.lost)}`);
  return EXIT.failed;
}

type Command =
  | { readonly kind: "command"; readonly verb: Verb; readonly options: CommandOptions }
  | { readonly kind: "problem"; readonly problem: string; readonly hint: string };

function parse(args: readonly string[]): Command {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: OPTIONS,
    });
    const [name = "help", ...rest] = positionals;
    const action = values.apply ? "apply" : values.remove ? "remove" : "print";
    const options = { config: values.config, state: values.state, action } as const;
    if (values.help) return { kind: "command", verb: help, options };
    if (values.version) return { kind: "command", verb: version, options };
    if (!Object.hasOwn(VERBS, name)) {
      return problem(`Cannot run "${name}": unknown verb`, suggest(name, Object.keys(VERBS)));
    }
    if (rest.length > 0) return problem(`Cannot run "${name}": unexpected argument "${rest[0]}"`);
    if (action !== "print" && name !== "transparent") {
      return problem(`Cannot use "--${action}": only "transparent" has it`);
    }
    if (values.apply && values.remove) {
      return problem('Cannot use "--remove": "--apply" is given as well');
    }
    return { kind: "command", verb: VERBS[name], options };
  } catch (error) {
    return optionProblem(error);
  }
}

/** Node's own sentences are about a program's author as much as about its user. */
function optionProblem(error: unknown): Command {
  const option = /'(?:-\w, )?(-[^' ]*)/.exec(errorText(error))?.[1] ?? "options";
  if ((error as { code?: unknown }).code === "ERR_PARSE_ARGS_UNKNOWN_OPTION") {
    const near = suggest(option, Object.keys(OPTIONS).map((name) => `--${name}`));
    return problem(`Cannot use "${option}": unknown option`, near);
  }
  if (errorText(error).includes("does not take an argument")) {
    return problem(`Cannot use "${option}": it takes no value`);
  }
  return problem(`Cannot use "${option}": its value is missing`);
}

function problem(text: string, near?: string): Command {
  const hint = near === undefined
    ? '"postern help" lists the verbs and options'
    : `did you mean "${near}"?`;
  return { kind: "problem", problem: text, hint };
}
