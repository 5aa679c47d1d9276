/**
 * A third-party server (nginx, Apache, haproxy) started from a configuration made for one test: a
 * folder of its own, free ports, its log as lines. Whoever starts one disposes of it. Does I/O.
 *
 * @module
 */
import { findFreePort } from "./free_port.ts";
import { startProcess, type TestProcess } from "./process.ts";
import { makeTempFolder, type TempFolder } from "./temp_folder.ts";

/** Somebody else may take a free port before the server does; three times in a row means a fault. */
const ATTEMPTS_MAX = 3;

/** What a configuration may refer to. */
export interface ServerPlace {
  /** Free ports of 127.0.0.1, as many as were asked for. */
  readonly ports: readonly number[];
  /** Absolute path of a folder of the server's own, readable by every user. */
  readonly folder: string;
}

/** How to start one kind of server. */
export interface ServerRecipe {
  readonly program: string;
  readonly portCount: number;
  /** Returns the files to write: name to content. */
  readonly files: (place: ServerPlace) => Readonly<Record<string, string>>;
  readonly args: (place: ServerPlace) => readonly string[];
  /** A line that must come before the ports are tried; for servers that listen before they are ready. */
  readonly readyLine?: RegExp;
}

/**
 * Starts a server and waits until all its ports accept.
 *
 * @throws {Error} If it does not start; the message holds its output.
 */
export async function startConfiguredServer(recipe: ServerRecipe): Promise<ConfiguredServer> {
  for (let attempt = 1;; attempt++) {
    const folder = makeTempFolder();
    try {
      return await startIn(folder, recipe);
    } catch (error) {
      folder[Symbol.dispose]();
      const portTaken = error instanceof Error && /address (already )?in use/i.test(error.message);
      if (!portTaken || attempt === ATTEMPTS_MAX) throw error;
    }
  }
}

/** A running server with its log. */
export class ConfiguredServer implements AsyncDisposable {
  readonly place: ServerPlace;
  readonly process: TestProcess;
  readonly #folder: TempFolder;

  constructor(place: ServerPlace, process: TestProcess, folder: TempFolder) {
    this.place = place;
    this.process = process;
    this.#folder = folder;
  }

  /** Free ports given to the configuration, in its order. */
  get ports(): readonly number[] {
    return this.place.ports;
  }

  /** The lines of the access log so far, each as `client=… peer=… …`. */
  get accesses(): string[] {
    return this.process.stdout.filter((line) => line.startsWith(ACCESS_MARK))
      .map((line) => line.slice(ACCESS_MARK.length));
  }

  /**
   * Waits for a line of the access log, earlier lines included.
   *
   * @param pattern Is tried on the line after the word `access`.
   * @param timeoutMs Milliseconds. Default 10 s.
   */
  async waitForAccess(pattern: RegExp, timeoutMs = 30_000): Promise<RegExpMatchArray> {
    const inAccess = new RegExp(`(?<=^${ACCESS_MARK}.*)(?:${pattern.source})`, pattern.flags);
    return await this.process.waitForLine(inAccess, timeoutMs);
  }

  /** Ends the server and removes its folder. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.process.stop();
    this.#folder[Symbol.dispose]();
  }
}

/** Every configuration makes its access log print `access ` first; other output is not an access. */
const ACCESS_MARK = "access ";

async function startIn(folder: TempFolder, recipe: ServerRecipe): Promise<ConfiguredServer> {
  // Workers give up root, and must still read what the configuration names.
  Deno.chmodSync(folder.path, 0o755);
  const ports = Array.from({ length: recipe.portCount }, () => findFreePort());
  const place = { ports, folder: folder.path };
  for (const [name, content] of Object.entries(recipe.files(place))) folder.write(name, content);
  const process = await startProcess(recipe.program, recipe.args(place), {
    readyLine: recipe.readyLine,
  });
  try {
    for (const port of ports) await process.waitForPort(port);
  } catch (error) {
    await process.stop();
    throw error;
  }
  return new ConfiguredServer(place, process, folder);
}
