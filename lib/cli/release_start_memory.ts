/**
 * Gives back memory that only the start needed. What stays behind after hundreds of modules have been
 * compiled is a third of the process: garbage, a young generation that grew meanwhile, free blocks of
 * the C library, and pages of the runtime's code that will not run again. V8 would collect all of it
 * some day, but not in a process that does nothing. Does I/O: system calls.
 *
 * It takes 30 ms of the main isolate, once. Workers go on meanwhile.
 *
 * @module
 */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { errorText } from "../base/failures.ts";
import type { Log } from "../base/log.ts";
import { type Libc, openLibc } from "../linux/libc.ts";
import { findReadOnlySegments } from "../linux/read_only_segments.ts";

/** Of madvise(2): the pages may go; whoever reads them gets what the file holds. */
const MADV_DONTNEED = 4;

/** What `--expose-gc` adds to a context. */
type Collect = (how: { type: "major"; flavor: "last-resort" }) => void;

/** Gives back what can be given back here. What cannot is named in the log, at level debug. */
export function releaseStartMemory(log: Log): void {
  const before = Deno.memoryUsage().rss;
  try {
    collectGarbage();
    const libc = openLibc();
    if (typeof libc !== "string") releasePages(libc);
  } catch (error) {
    // The process then is as large as it was, and serves as well.
    log.debug("Cannot give all memory of the start back", { error: errorText(error) });
  }
  const mib = (bytes: number) => Math.round(bytes / 1024 ** 2);
  log.debug("memory of the start given back", {
    beforeMib: mib(before),
    afterMib: mib(Deno.memoryUsage().rss),
  });
}

/**
 * Collects all garbage of this isolate and shrinks its young generation. There is no way to ask for it
 * but the function that V8 gives to contexts made while its flag is set.
 *
 * @throws {ReferenceError} If this V8 has no such function.
 */
export function collectGarbage(): void {
  setFlagsFromString("--expose-gc");
  try {
    const collect: Collect = runInNewContext("gc");
    // Any other kind leaves the young generation as large as it is.
    collect({ type: "major", flavor: "last-resort" });
  } finally {
    setFlagsFromString("--no-expose-gc");
  }
}

/**
 * Returns free blocks of the C library to the kernel, and takes the pages of the program's code and
 * constants out of this process. They stay in the kernel's page cache, from which those still needed
 * come back without a read, and which counts as free memory when somebody else needs it.
 */
export function releasePages(libc: Libc): void {
  libc.malloc_trim(0n);
  for (const { start, bytes } of findReadOnlySegments(libc)) {
    libc.madvise(Deno.UnsafePointer.create(start), bytes, MADV_DONTNEED);
  }
}
