/**
 * The project's own sources, as the convention tests look at them. Does I/O.
 *
 * @module
 */
import { fileURLToPath } from "node:url";

/** Absolute path of the project, with a final slash. */
export const PROJECT_FOLDER = fileURLToPath(new URL("../../", import.meta.url));

/** One TypeScript file. */
export interface SourceFile {
  /** From the project's folder, with forward slashes: `lib/base/log.ts`. */
  readonly path: string;
  readonly text: string;
}

/** Reads every TypeScript file below a folder of the project (`lib`), in order of its path. */
export function readSources(folder: string): SourceFile[] {
  return listFiles(folder).filter((path) => path.endsWith(".ts")).sort()
    .map((path) => ({ path, text: Deno.readTextFileSync(PROJECT_FOLDER + path) }));
}

/** Returns the 1-based line of a position in a text. */
export function lineAt(text: string, index: number): number {
  return text.slice(0, index).split("\n").length;
}

/** Fails with one line per offence and the reason of the convention. */
export function expectNone(offences: readonly string[], why: string): void {
  if (offences.length > 0) throw new Error([`${why}`, ...offences].join("\n  "));
}

function listFiles(folder: string): string[] {
  try {
    return Array.from(Deno.readDirSync(PROJECT_FOLDER + folder)).flatMap((entry) => {
      const path = `${folder}/${entry.name}`;
      return entry.isDirectory ? listFiles(path) : [path];
    });
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}
