/**
 * The store on disk: a folder of mode 0700 with one file of mode 0600 per name. Does I/O. Whoever
 * opens it disposes of it; that gives the folder's lock back.
 *
 * @module
 */
import { basename, dirname, join } from "node:path";
import type { Counters } from "../base/counters.ts";
import { STATE_FILE_MAX_BYTES, STATE_NAME_MAX_SEGMENTS } from "../base/certificate_limits.ts";
import type { Log } from "../base/log.ts";
import { lockFolder } from "./folder_lock.ts";
import { NameLocks } from "./name_locks.ts";
import { StateError, toStateError } from "./state_error.ts";
import { checkStateName, isStateName } from "./state_name.ts";
import type { Store } from "./store.ts";
import { isTemporaryName, syncFolder, writeFileAtomic } from "./write_file.ts";

/** Who is told about files that are set aside. */
export interface FileStoreOptions {
  readonly log: Log;
  readonly counters: Counters;
}

/** Others may look into a folder that an administrator made, but not put files into it. */
const WRITABLE_BY_OTHERS = 0o002;

/**
 * Opens the folder, making it if need be, takes its lock and removes what a crash left half-written.
 *
 * @throws {StateError} If that is not possible, or if others may write to the folder.
 */
export async function openFileStore(folder: string, options: FileStoreOptions): Promise<FileStore> {
  try {
    await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
    await checkFolder(folder);
    const lock = await lockFolder(folder);
    try {
      await removeTemporaryFiles(folder);
      return new FileStore(folder, { ...options, lock });
    } catch (error) {
      lock[Symbol.dispose]();
      throw error;
    }
  } catch (error) {
    throw toStateError("open the state folder", folder, error);
  }
}

/** See {@linkcode openFileStore}. */
export class FileStore implements Store, Disposable {
  /** As it was opened. */
  readonly folder: string;
  readonly #log: Log;
  readonly #counters: Counters;
  readonly #lock: Disposable;
  readonly #names = new NameLocks();

  constructor(folder: string, options: FileStoreOptions & { readonly lock: Disposable }) {
    this.folder = folder;
    this.#log = options.log;
    this.#counters = options.counters;
    this.#lock = options.lock;
  }

  async read(name: string): Promise<Uint8Array | undefined> {
    const path = this.#path(name);
    try {
      return await readBounded(path);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return undefined;
      throw toStateError("read", path, error);
    }
  }

  async write(name: string, bytes: Uint8Array): Promise<void> {
    const path = this.#path(name);
    try {
      await Deno.mkdir(dirname(path), { recursive: true, mode: 0o700 });
      await writeFileAtomic(path, bytes);
    } catch (error) {
      throw toStateError("write", path, error);
    }
  }

  async remove(name: string): Promise<void> {
    const path = this.#path(name);
    try {
      await Deno.remove(path);
      await syncFolder(dirname(path));
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw toStateError("remove", path, error);
    }
  }

  async list(prefix: string): Promise<string[]> {
    const names: string[] = [];
    try {
      for await (const name of walk(this.folder)) {
        if (isStateName(name) && name.startsWith(prefix)) names.push(name);
      }
    } catch (error) {
      throw toStateError("list", this.folder, error);
    }
    return names.sort();
  }

  async setAside(name: string, reason: string): Promise<string> {
    const path = this.#path(name);
    try {
      const aside = await freeName(`${path}.bad-${stamp()}`);
      await Deno.rename(path, aside);
      await syncFolder(dirname(path));
      this.#counters.add("state_set_aside");
      this.#log.warn("A file of the state could not be used and was set aside", {
        file: path,
        reason,
        now: aside,
      });
      return join(dirname(name), basename(aside));
    } catch (error) {
      throw toStateError("set aside", path, error);
    }
  }

  lock(name: string, signal: AbortSignal): Promise<Disposable> {
    // The folder has one process only, so nobody outside of it competes.
    return this.#names.acquire(name, signal);
  }

  [Symbol.dispose](): void {
    this.#lock[Symbol.dispose]();
  }

  #path(name: string): string {
    checkStateName(name);
    return join(this.folder, name);
  }
}

async function checkFolder(folder: string): Promise<void> {
  const { mode } = await Deno.stat(folder);
  if (mode === null || (mode & WRITABLE_BY_OTHERS) === 0) return;
  // Somebody else could put a key of his own there. Not repaired silently: it may be /tmp.
  throw new StateError(
    "denied",
    `Cannot use "${folder}" as the state folder: others may write to it`,
    { path: folder, hint: `if it is meant for Postern alone: chmod 700 ${folder}` },
  );
}

async function readBounded(path: string): Promise<Uint8Array> {
  // Looked at before it is opened: opening a FIFO would wait for ever.
  const { isFile, size } = await Deno.stat(path);
  if (!isFile) throw new Error("not a regular file");
  if (size <= STATE_FILE_MAX_BYTES) return await Deno.readFile(path);
  throw new StateError(
    "too_large",
    `Cannot read "${path}": ${size} bytes, more than ${STATE_FILE_MAX_BYTES}`,
    { path, hint: "Postern does not write such files; move it away" },
  );
}

async function removeTemporaryFiles(folder: string): Promise<void> {
  for await (const name of walk(folder)) {
    if (isTemporaryName(basename(name))) await Deno.remove(join(folder, name));
  }
}

/** Yields the files, no deeper than names go: the folder may have been chosen by mistake. */
async function* walk(folder: string, prefix = "", depth = 1): AsyncGenerator<string> {
  for await (const entry of Deno.readDir(join(folder, prefix))) {
    const name = `${prefix}${entry.name}`;
    if (entry.isFile) yield name;
    else if (entry.isDirectory && depth < STATE_NAME_MAX_SEGMENTS) {
      yield* walk(folder, `${name}/`, depth + 1);
    }
  }
}

/** `20261121T120003Z`: sorts by time and fits into a file name. */
function stamp(): string {
  return new Date().toISOString().replace(/[-:]|\.\d+/g, "");
}

/** An earlier file that was set aside in the same second is not lost either. */
async function freeName(path: string): Promise<string> {
  for (let count = 1;; count++) {
    const candidate = count === 1 ? path : `${path}-${count}`;
    try {
      await Deno.lstat(candidate);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return candidate;
      throw error;
    }
  }
}
