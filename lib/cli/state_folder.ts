/**
 * Where certificates and keys are kept if nobody says so. Does I/O: reads the environment.
 *
 * @module
 */
import { isAbsolute, join, resolve } from "node:path";
import type { Config } from "../config/config.ts";
import type { CommandOptions } from "./command_line.ts";

/**
 * Returns the absolute path: `--state`, else the configuration's `state`, else `/var/lib/postern`
 * for root, else `$XDG_STATE_HOME/postern` (XDG Base Directory Specification).
 *
 * @throws {Error} If there is neither, nor a home folder.
 */
export function stateFolder(config: Config, options: CommandOptions): string {
  if (options.state !== undefined) return resolve(options.state);
  if (config.stateFolder !== undefined) return config.stateFolder;
  if (Deno.uid() === 0) return "/var/lib/postern";
  const home = Deno.env.get("HOME");
  const xdg = Deno.env.get("XDG_STATE_HOME") ?? "";
  // The specification says to ignore what is not absolute, and to take empty for unset.
  const base = isAbsolute(xdg) ? xdg : home && join(home, ".local", "state");
  if (!base) throw new Error('Cannot choose a state folder: HOME is not set, use "--state FOLDER"');
  return join(base, "postern");
}
