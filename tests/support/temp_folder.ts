/**
 * A folder that is gone when its test ends.
 *
 * @module
 */
import { join } from "node:path";

/** An empty folder of one's own; disposing of it removes it with all it holds. */
export interface TempFolder extends Disposable {
  readonly path: string;
  /** Writes a file below the folder, with its folders, and returns its absolute path. */
  write(name: string, content: string | Uint8Array): string;
}

/** Creates a folder under the system's temporary folder. */
export function makeTempFolder(prefix = "postern-test-"): TempFolder {
  const path = Deno.makeTempDirSync({ prefix });
  return {
    path,
    write(name, content) {
      const file = join(path, name);
      Deno.mkdirSync(join(file, ".."), { recursive: true });
      if (typeof content === "string") Deno.writeTextFileSync(file, content);
      else Deno.writeFileSync(file, content);
      return file;
    },
    [Symbol.dispose]: () => Deno.removeSync(path, { recursive: true }),
  };
}
