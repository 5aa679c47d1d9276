/**
 * One worker as the main isolate sees it: starts it, sends it commands, reads its reports, and closes
 * what it held if it dies. States: running, ended (terminal: asked to, or dead). Does I/O.
 *
 * @module
 */
import type { Clock } from "../../base/clock.ts";
import type { Counters } from "../../base/counters.ts";
import {
  SPLICE_COMMAND_TIMEOUT_MS,
  SPLICE_PIPES_IDLE_MAX,
  SPLICE_REPORTS_BYTES,
} from "../../base/limits.ts";
import { withTimeLimit } from "../../base/time_limit.ts";
import { NONBLOCK_CLOEXEC } from "../../linux/constants.ts";
import type { Libc } from "../../linux/libc.ts";
import type { Answer, Command, StartCommand } from "./commands.ts";
import { allocateRing, ReportReader } from "./report_ring.ts";
import { readReport, type Report } from "./reports.ts";
import { COUNTER_NAMES, HOLD, WorkerMemory } from "./worker_memory.ts";

/** What a worker is started with, but for what its handle makes. */
export type WorkerSettings = Omit<
  StartCommand,
  "kind" | "memory" | "pipes" | "reports" | "wake" | "nowMs"
>;

/** Who hears of a worker. */
export interface WorkerHandleOptions {
  readonly libc: Libc;
  readonly clock: Clock;
  readonly counters: Counters;
  /** Connections it has room for. */
  readonly capacity: number;
  readonly onReport: (report: Report) => void;
  /** Called when reports have been read. */
  readonly onRead: () => void;
  /** Called once, if it ends without having been asked to. Its descriptors are still open. */
  readonly onDeath: (error: string) => void;
}

/** What a connection of a dead worker held besides descriptors. -1 stands for nothing. */
export interface HeldPlaces {
  readonly bookSlot: number;
  readonly terminatorSlot: number;
  readonly openCell: number;
}

/** An eventfd counts commands in its lower half and wakes without one in its upper half. */
const ONE_COMMAND = new Uint8Array(new BigUint64Array([1n]).buffer);
const NO_COMMAND = new Uint8Array(new BigUint64Array([1n << 32n]).buffer);

/** A running worker. */
export class WorkerHandle {
  readonly memory: WorkerMemory;
  readonly #options: WorkerHandleOptions;
  readonly #worker: Worker;
  readonly #reader: ReportReader;
  readonly #wake: number;
  readonly #counted = new Int32Array(COUNTER_NAMES.length);
  /** By the command's id. */
  readonly #waiting = new Map<number, () => void>();
  #lastId = 0;
  #sent = 0;
  #hasEnded = false;

  /** Starts a worker. @throws {Error} If no descriptor is free. */
  constructor(settings: WorkerSettings, options: WorkerHandleOptions) {
    this.#options = options;
    this.#wake = options.libc.eventfd(0, NONBLOCK_CLOEXEC);
    if (this.#wake < 0) throw new Error("Cannot start a relay worker: no descriptor is free");
    const memory = WorkerMemory.allocate(options.capacity, SPLICE_PIPES_IDLE_MAX);
    const reports = allocateRing(SPLICE_REPORTS_BYTES);
    this.memory = new WorkerMemory(memory, SPLICE_PIPES_IDLE_MAX);
    this.#reader = new ReportReader(reports);
    this.#worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
    this.#worker.onmessage = ({ data }: MessageEvent<Answer>) => this.#take(data);
    this.#worker.onerror = (event) => {
      // Else it would end the process.
      event.preventDefault();
      this.#die(event.message);
    };
    this.#worker.postMessage({
      ...settings,
      kind: "start",
      memory,
      pipes: SPLICE_PIPES_IDLE_MAX,
      reports,
      wake: this.#wake,
      nowMs: options.clock.monotonic(),
    });
  }

  /** Whether it has ended. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** Connections that are open. */
  get open(): number {
    return this.#hasEnded ? 0 : this.memory.open;
  }

  /** Sends a command that is not answered. */
  send(command: Command): void {
    if (this.#hasEnded) return;
    this.#sent++;
    this.#worker.postMessage(command);
    this.#options.libc.write(this.#wake, ONE_COMMAND, ONE_COMMAND.length);
  }

  /** Sends a command and waits for its answer; a worker that gives none in time counts as dead. */
  async ask(make: (id: number) => Command): Promise<void> {
    if (this.#hasEnded) return;
    const id = ++this.#lastId;
    const answered = new Promise<void>((resolve) => this.#waiting.set(id, resolve));
    this.send(make(id));
    const { clock } = this.#options;
    try {
      await withTimeLimit(answered, {
        clock,
        timeoutMs: SPLICE_COMMAND_TIMEOUT_MS,
        discard: () => {},
      });
    } catch {
      this.#die("no answer to a command");
    }
  }

  /** Tells the time, where the worker has none of its own, and waits until it has acted on it. */
  tellTime(nowMs: number): void {
    if (this.#hasEnded) return;
    const times = this.memory.tellTime(nowMs);
    this.#options.libc.write(this.#wake, NO_COMMAND, NO_COMMAND.length);
    // A command is not always delivered while this thread is blocked.
    if (this.memory.commandsDone === this.#sent) {
      this.memory.awaitTime(times, SPLICE_COMMAND_TIMEOUT_MS);
    }
    this.readReports();
  }

  /** Ends a worker that serves nobody any more. */
  async end(): Promise<void> {
    await this.ask((id) => ({ kind: "exit", id }));
    this.#close();
  }

  /** Reads counters and reports: what is reported has been counted. */
  readReports(): void {
    this.memory.beginReading();
    const { counters, onReport } = this.#options;
    // The ring is looked at first: what it holds by then is counted by then.
    let report = readReport(this.#reader);
    this.#readCounters();
    for (; report !== undefined; report = readReport(this.#reader)) {
      onReport(report);
      this.#readCounters();
    }
    const lost = this.#reader.takeLost();
    if (lost > 0) counters.add("records_lost", lost);
    this.#options.onRead();
  }

  /**
   * Closes every descriptor of a worker that has died.
   *
   * @returns What else its connections held, for each of them.
   */
  releaseAll(): HeldPlaces[] {
    const { libc } = this.#options;
    const { capacity, epoll, idlePipes, pipes } = this.memory;
    const held: HeldPlaces[] = [];
    for (let row = 0; row < capacity; row++) {
      if (this.memory.held(row, HOLD.client) < 0) continue;
      for (let what = HOLD.client; what < HOLD.bookSlot; what++) {
        const descriptor = this.memory.held(row, what);
        if (descriptor >= 0) libc.close(descriptor);
      }
      held.push({
        bookSlot: this.memory.held(row, HOLD.bookSlot),
        terminatorSlot: this.memory.held(row, HOLD.terminatorSlot),
        openCell: this.memory.held(row, HOLD.openCell),
      });
    }
    pipes.subarray(0, 2 * idlePipes).forEach((pipe) => libc.close(pipe));
    if (epoll >= 0) libc.close(epoll);
    return held;
  }

  #take(answer: Answer): void {
    if (this.#hasEnded) return;
    switch (answer.kind) {
      case "reports":
        return this.readReports();
      case "done":
        this.readReports();
        this.#waiting.get(answer.id)?.();
        this.#waiting.delete(answer.id);
        return;
      case "died":
        return this.#die(answer.error);
    }
  }

  #readCounters(): void {
    const { counters } = this.#options;
    COUNTER_NAMES.forEach((name, position) => {
      const count = Atomics.load(this.memory.counters, position);
      const amount = count - this.#counted[position] | 0;
      if (amount === 0) return;
      this.#counted[position] = count;
      counters.add(name, amount);
    });
  }

  #die(error: string): void {
    if (this.#hasEnded) return;
    this.readReports();
    this.#close();
    this.#options.onDeath(error);
  }

  #close(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#worker.terminate();
    this.#options.libc.close(this.#wake);
    this.#waiting.forEach((resolve) => resolve());
    this.#waiting.clear();
  }
}
