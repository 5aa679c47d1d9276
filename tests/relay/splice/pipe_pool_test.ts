import assert from "node:assert/strict";
import { SPLICE_PIPE_BYTES } from "../../../lib/base/limits.ts";
import { PIPE_SIZE } from "../../../lib/linux/constants.ts";
import type { Libc } from "../../../lib/linux/libc.ts";
import { Connection, type Side } from "../../../lib/relay/splice/connection.ts";
import { PipePool } from "../../../lib/relay/splice/pipe_pool.ts";
import { WorkerMemory } from "../../../lib/relay/splice/worker_memory.ts";

/** What a user who may not have more gets. */
const SMALL_BYTES = 8_192;

/** Pipes that the pool keeps. */
const IDLE_MAX = 3;

/** A kernel that knows of pipes only. */
class FakePipes {
  /** Descriptors that are open, with the capacity of their pipe. */
  readonly open = new Map<number, number>();
  /** How often a capacity was asked for. */
  asked = 0;
  hasDescriptors = true;
  mayBeLarge = true;

  readonly libc: Libc = {
    pipe2: (ends: Uint8Array) => this.#open(new Int32Array(ends.buffer)),
    fcntl: (descriptor: number, command: number, bytes: number) =>
      this.#setSize(descriptor, command, bytes),
    close: (descriptor: number) => this.open.delete(descriptor) ? 0 : -1,
  } as unknown as Libc;

  /** The lowest numbers that are free, as the kernel has it. */
  #open(ends: Int32Array): number {
    if (!this.hasDescriptors) return -1;
    for (const index of [0, 1]) {
      let descriptor = 10;
      while (this.open.has(descriptor)) descriptor++;
      this.open.set(descriptor, SMALL_BYTES);
      ends[index] = descriptor;
    }
    return 0;
  }

  #setSize(descriptor: number, command: number, bytes: number): number {
    assert.equal(command, PIPE_SIZE.set);
    assert.ok(this.open.has(descriptor), `${descriptor} is closed`);
    this.asked++;
    if (!this.mayBeLarge) return -1;
    this.open.set(descriptor, bytes);
    return bytes;
  }
}

function makePool() {
  const pipes = new FakePipes();
  const memory = new WorkerMemory(WorkerMemory.allocate(1, IDLE_MAX), IDLE_MAX);
  return { pipes, memory, pool: new PipePool(pipes.libc, memory) };
}

function makeSide(): Side {
  return new Connection(0).client;
}

/** Sides with a pipe each. */
function takeMany(pool: PipePool, count: number): Side[] {
  return Array.from({ length: count }, () => {
    const side = makeSide();
    assert.equal(pool.take(side), true);
    return side;
  });
}

Deno.test("PipePool: a pipe is large, and is used again", () => {
  const { pipes, memory, pool } = makePool();
  const [first] = takeMany(pool, 1);
  const ends = [first.pipeIn, first.pipeOut];
  assert.notEqual(first.pipeIn, first.pipeOut);
  assert.equal(pipes.open.get(first.pipeIn), SPLICE_PIPE_BYTES);
  pool.giveBack(first);
  assert.deepEqual([first.pipeIn, first.pipeOut], [-1, -1]);
  assert.equal(memory.idlePipes, 1);
  assert.deepEqual([...memory.pipes.subarray(0, 2)].sort(), ends.sort());
  const [second] = takeMany(pool, 1);
  assert.deepEqual([second.pipeIn, second.pipeOut].sort(), ends.sort());
  assert.equal(memory.idlePipes, 0);
  assert.equal(pipes.asked, 1, "its capacity is asked for once");
});

Deno.test("PipePool: both ends keep their part", () => {
  const { pool } = makePool();
  const [first] = takeMany(pool, 1);
  const { pipeIn, pipeOut } = first;
  pool.giveBack(first);
  const [second] = takeMany(pool, 1);
  assert.deepEqual([second.pipeIn, second.pipeOut], [pipeIn, pipeOut]);
});

Deno.test("PipePool: one with bytes in it is closed, for they are somebody's", () => {
  const { pipes, memory, pool } = makePool();
  const [side] = takeMany(pool, 1);
  side.inPipe = 5;
  pool.giveBack(side);
  assert.equal(side.inPipe, 0);
  assert.equal(memory.idlePipes, 0);
  assert.equal(pipes.open.size, 0);
});

Deno.test(`PipePool: keeps ${IDLE_MAX} at most, and closes them at the end`, () => {
  const { pipes, memory, pool } = makePool();
  const sides = takeMany(pool, IDLE_MAX + 2);
  assert.equal(pipes.open.size, 2 * (IDLE_MAX + 2));
  sides.forEach((side) => pool.giveBack(side));
  assert.equal(memory.idlePipes, IDLE_MAX);
  assert.equal(pipes.open.size, 2 * IDLE_MAX);
  pool.close();
  assert.equal(memory.idlePipes, 0);
  assert.equal(pipes.open.size, 0);
});

Deno.test("PipePool: without descriptors there is none, and later there is", () => {
  const { pipes, pool } = makePool();
  const side = makeSide();
  pipes.hasDescriptors = false;
  assert.equal(pool.take(side), false);
  assert.deepEqual([side.pipeIn, side.pipeOut], [-1, -1]);
  pipes.hasDescriptors = true;
  assert.equal(pool.take(side), true);
});

Deno.test("PipePool: a small one is taken as well, and grows as soon as it may", () => {
  const { pipes, pool } = makePool();
  pipes.mayBeLarge = false;
  const [side] = takeMany(pool, 1);
  const { pipeIn } = side;
  pool.giveBack(side);
  pool.take(side);
  assert.equal(side.pipeIn, pipeIn);
  assert.equal(pipes.open.get(pipeIn), SMALL_BYTES);
  pool.giveBack(side);
  pipes.mayBeLarge = true;
  pool.take(side);
  assert.equal(pipes.open.get(pipeIn), SPLICE_PIPE_BYTES);
  assert.equal(pipes.asked, 3);
  pool.giveBack(side);
  pool.take(side);
  assert.equal(pipes.asked, 3, "a large one is asked no more");
});

Deno.test("PipePool: what is known of a small one ends with it, not with its number", () => {
  const { pipes, pool } = makePool();
  pipes.mayBeLarge = false;
  const [side] = takeMany(pool, 1);
  side.inPipe = 1;
  pool.giveBack(side);
  pipes.mayBeLarge = true;
  pool.take(side);
  pool.giveBack(side);
  pool.take(side);
  assert.equal(pipes.asked, 2);
});
