/**
 * Programs a test may need: where they are, and tests that skip with a reason where they are not.
 *
 * @module
 */
import { join } from "node:path";

/** Folders of servers, which an ordinary user's PATH leaves out on Debian. */
const SERVER_FOLDERS = ["/usr/local/sbin", "/usr/sbin", "/sbin"];

/**
 * Finds a program by name in PATH and in the folders of servers.
 *
 * @returns Its absolute path; undefined if it is not installed.
 */
export function findInstalled(program: string): string | undefined {
  const folders = [...(Deno.env.get("PATH") ?? "").split(":"), ...SERVER_FOLDERS];
  return folders.filter((folder) => folder !== "").map((folder) => join(folder, program))
    .find(isFile);
}

/**
 * Finds a program that has to be there.
 *
 * @throws {Error} If it is not installed.
 */
export function requireInstalled(program: string): string {
  const path = findInstalled(program);
  if (path === undefined) throw new Error(`${program} is not installed`);
  return path;
}

/** Registers a test that needs programs; where one is missing it is skipped, and its name says why. */
export function testWithPrograms(
  programs: readonly string[],
  name: string,
  run: (context: Deno.TestContext) => void | Promise<void>,
): void {
  const missing = programs.filter((program) => findInstalled(program) === undefined);
  const reason = `skipped: ${missing.join(", ")} not installed`;
  Deno.test({
    name: missing.length === 0 ? name : `${name} (${reason})`,
    ignore: missing.length > 0,
    fn: run,
  });
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false; // Missing or out of reach: not installed, as far as a test is concerned.
  }
}
