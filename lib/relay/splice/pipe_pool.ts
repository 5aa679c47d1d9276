/**
 * Pipes for bytes in flight: taken when much is coming, given back when it has passed. Idle ones stand
 * in shared memory, where the main isolate finds them if the worker dies. Does I/O.
 *
 * @module
 */
import { SPLICE_PIPE_BYTES } from "../../base/limits.ts";
import { NONBLOCK_CLOEXEC, PIPE_SIZE } from "../../linux/constants.ts";
import type { Libc } from "../../linux/libc.ts";
import type { Side } from "./connection.ts";
import type { WorkerMemory } from "./worker_memory.ts";

/** Hands out pipes; whoever takes one gives it back. */
export class PipePool {
  readonly #libc: Libc;
  readonly #memory: WorkerMemory;
  readonly #ends = new Int32Array(2);
  readonly #endsBytes = new Uint8Array(this.#ends.buffer);
  /**
   * Pipes that are smaller than wanted, by the end that is written to: a user without privileges gets no
   * more than pipe-user-pages-soft (pipe(7)), and then pipes of two pages, which work as well.
   */
  readonly #small = new Set<number>();

  constructor(libc: Libc, memory: WorkerMemory) {
    this.#libc = libc;
    this.#memory = memory;
  }

  /** Gives a side a pipe. @returns False if none can be had: descriptors have run out. */
  take(side: Side): boolean {
    const { idlePipes, pipes } = this.#memory;
    if (idlePipes > 0) {
      this.#memory.idlePipes = idlePipes - 1;
      side.pipeIn = pipes[2 * idlePipes - 1];
      side.pipeOut = pipes[2 * idlePipes - 2];
      if (this.#small.size > 0 && this.#small.has(side.pipeIn)) this.#enlarge(side.pipeIn);
      return true;
    }
    if (this.#libc.pipe2(this.#endsBytes, NONBLOCK_CLOEXEC) < 0) return false;
    side.pipeOut = this.#ends[0];
    side.pipeIn = this.#ends[1];
    this.#enlarge(side.pipeIn);
    return true;
  }

  /** Takes a side's pipe back; one with bytes in it, or one too many, is closed. */
  giveBack(side: Side): void {
    const { idlePipes, pipes } = this.#memory;
    if (side.inPipe > 0 || 2 * idlePipes >= pipes.length) {
      this.#libc.close(side.pipeIn);
      this.#libc.close(side.pipeOut);
      this.#small.delete(side.pipeIn);
    } else {
      pipes[2 * idlePipes] = side.pipeOut;
      pipes[2 * idlePipes + 1] = side.pipeIn;
      this.#memory.idlePipes = idlePipes + 1;
    }
    side.pipeIn = side.pipeOut = -1;
    side.inPipe = 0;
  }

  /** Closes every idle pipe. */
  close(): void {
    const { idlePipes, pipes } = this.#memory;
    this.#memory.idlePipes = 0;
    for (let index = 0; index < 2 * idlePipes; index++) this.#libc.close(pipes[index]);
    this.#small.clear();
  }

  /** What others have given back in the meantime may be enough by now. */
  #enlarge(pipeIn: number): void {
    const bytes = this.#libc.fcntl(pipeIn, PIPE_SIZE.set, SPLICE_PIPE_BYTES);
    if (bytes < SPLICE_PIPE_BYTES) this.#small.add(pipeIn);
    else this.#small.delete(pipeIn);
  }
}
