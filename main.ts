/**
 * The command line's entry: hands the arguments to their verb and its answer to the shell.
 *
 * @module
 */
import { runCommandLine } from "./lib/cli/command_line.ts";

if (import.meta.main) Deno.exit(await runCommandLine(Deno.args));
