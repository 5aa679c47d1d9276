/**
 * Disks of a few kilobytes: a tmpfs of one's own. Linux, and only for users who may mount (root in
 * most containers); others skip their tests with that reason. Does I/O.
 *
 * @module
 */
import { findInstalled } from "./installed.ts";
import { makeTempFolder } from "./temp_folder.ts";

/** A mounted disk; disposing of it unmounts it, with all it holds. */
export interface SmallDisk extends Disposable {
  /** Where it is mounted. */
  readonly path: string;
  /** Takes all space that is left. */
  fill(): void;
  /** Gives that space back. */
  free(): void;
}

/** @param options Of `mount -t tmpfs -o`, such as `size=64k` or `ro`. @throws {Error} If refused. */
export function mountSmallDisk(options: string): SmallDisk {
  const folder = makeTempFolder("postern-disk-");
  try {
    run("mount", ["-t", "tmpfs", "-o", options, "tmpfs", folder.path]);
  } catch (error) {
    folder[Symbol.dispose]();
    throw error;
  }
  const filler = `${folder.path}/filler`;
  return {
    path: folder.path,
    fill: () => fillFile(filler),
    free: () => Deno.removeSync(filler),
    [Symbol.dispose]() {
      run("umount", ["--lazy", folder.path]);
      folder[Symbol.dispose]();
    },
  };
}

/** Registers a test that mounts disks; where that is not allowed it is skipped, and its name says so. */
export function testWithDisks(
  programs: readonly string[],
  name: string,
  fn: () => Promise<void>,
): void {
  const missing = programs.filter((program) => findInstalled(program) === undefined);
  const reason = missing.length > 0 ? `${missing.join(", ")} not installed` : whyNoDisks();
  const ignore = reason !== undefined;
  Deno.test({ name: ignore ? `${name} (skipped: ${reason})` : name, ignore, fn });
}

function whyNoDisks(): string | undefined {
  try {
    mountSmallDisk("size=4k")[Symbol.dispose]();
    return undefined;
  } catch {
    return "this user may not mount a tmpfs";
  }
}

function fillFile(path: string): void {
  using file = Deno.openSync(path, { write: true, create: true, append: true });
  for (const size of [4_096, 512, 1]) {
    try {
      for (const piece = new Uint8Array(size);;) file.writeSync(piece);
    } catch {
      // No piece of this size fits any more; on to smaller ones.
    }
  }
}

function run(program: string, args: readonly string[]): void {
  const path = findInstalled(program);
  if (path === undefined) throw new Error(`${program} is not installed`);
  const { success, stderr } = new Deno.Command(path, { args: [...args] }).outputSync();
  if (!success) throw new Error(new TextDecoder().decode(stderr).trim());
}
