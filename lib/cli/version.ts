/**
 * `postern version`.
 *
 * @module
 */
import project from "../../deno.json" with { type: "json" };
import type { Verb } from "./command_line.ts";

/** The version of this program (semantic versioning). */
export const VERSION: string = project.version;

/** Prints the version, and that of the runtime it stands on. */
export const version: Verb = (_options, terminal) => {
  terminal.out(
    `postern ${VERSION} (deno ${Deno.version.deno}, ${Deno.build.os} ${Deno.build.arch})`,
  );
  return 0;
};
