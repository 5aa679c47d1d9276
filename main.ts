/**
 * The command line's entry: hands the arguments to their verb and its answer to the shell.
 *
 * @module
 */
import { runCommandLine } from "./lib/cli/command_line.ts";
import { openTerminal } from "./lib/cli/terminal.ts";

if (import.meta.main) Deno.exit(await runCommandLine(Deno.args, openTerminal()));
