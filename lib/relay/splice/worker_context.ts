/**
 * What the phases of a connection share in one worker: system calls, time, the pool of connections,
 * and the one place where a connection ends. Does I/O.
 *
 * @module
 */
import type { CounterName } from "../../base/counters.ts";
import { HELLO_MAX_BYTES, RELAY_TIMER_STEP_MS, SPLICE_COPY_BYTES } from "../../base/limits.ts";
import { AddressBook } from "../../hop/address_book.ts";
import { EPOLL_CLOEXEC, EPOLL_CTL, EpollEvents } from "../../linux/epoll.ts";
import { LastError } from "../../linux/errno.ts";
import type { Libc } from "../../linux/libc.ts";
import { SOCKADDR_IN6_BYTES, SOCKADDR_MAX_BYTES } from "../../linux/socket_address.ts";
import type { ConnectionEnd } from "../relay_engine.ts";
import type { StartCommand } from "./commands.ts";
import { Connection, type Side, STATE } from "./connection.ts";
import { PipePool } from "./pipe_pool.ts";
import { ReportWriter } from "./report_ring.ts";
import { reportComplaint, reportConnection, reportSlotUnused } from "./reports.ts";
import { TerminatorBoard } from "./terminator_board.ts";
import { TimerWheel } from "./timer_wheel.ts";
import { ServerChooser } from "../../upstream/server_chooser.ts";
import { COUNTER_NAMES, HOLD, WorkerMemory } from "./worker_memory.ts";
import { WorkerPlan } from "./worker_plan.ts";

/** Positions of counters, so that counting looks nothing up. */
const COUNTER = Object.fromEntries(
  COUNTER_NAMES.map((name, position) => [name, position]),
) as Readonly<Record<CounterName, number>>;

/** One worker's hands. */
export class WorkerContext {
  readonly libc: Libc;
  readonly lastError: LastError;
  readonly memory: WorkerMemory;
  readonly reports: ReportWriter;
  readonly board: TerminatorBoard;
  readonly book: AddressBook;
  readonly pipes: PipePool;
  readonly wheel: TimerWheel<Connection>;
  readonly chooser: ServerChooser = new ServerChooser();
  /** The epoll set. */
  readonly epoll: number;
  /** The worker's number, from 0. */
  readonly number: number;
  /** Whether ends of connections are reported one by one. */
  readonly wantsRecords: boolean;
  /** Client addresses by row, each as long as the longest `struct sockaddr` of an IP socket. */
  readonly peers: Uint8Array;
  /** For whatever is read and forgotten, or copied before the next call. */
  readonly scratch: Uint8Array = new Uint8Array(HELLO_MAX_BYTES + 1);
  /** For bytes on their way from one side to the other. */
  readonly copyBuffer: Uint8Array = new Uint8Array(SPLICE_COPY_BYTES);
  /** For one `struct sockaddr`, and its length. */
  readonly address: Uint8Array = new Uint8Array(SOCKADDR_MAX_BYTES);
  readonly addressLength: Int32Array = new Int32Array(1);
  readonly addressLengthBytes: Uint8Array = new Uint8Array(this.addressLength.buffer);
  /** For the plan of new connections. */
  plan: WorkerPlan;
  /** The time of this turn, in whole milliseconds. */
  nowMs: number;
  /** Main has something to read. */
  hasNews = false;
  /** Main should read it at once: a client waits for it. */
  isUrgent = false;

  #scratchStart: Uint8Array = this.scratch.subarray(0, 0);
  readonly #event = new EpollEvents(1);
  /** By row; those in the pool included. */
  readonly #connections: Connection[] = [];
  readonly #free: Connection[] = [];

  /** @param expire Called when a connection's limit is over. */
  constructor(start: StartCommand, libc: Libc, expire: (connection: Connection) => void) {
    this.libc = libc;
    this.lastError = new LastError(libc);
    this.memory = new WorkerMemory(start.memory, start.pipes);
    this.reports = new ReportWriter(start.reports);
    this.board = new TerminatorBoard(start.board);
    this.book = new AddressBook(start.book);
    this.pipes = new PipePool(libc, this.memory);
    this.wheel = new TimerWheel(start.nowMs, RELAY_TIMER_STEP_MS, expire);
    this.number = start.number;
    this.wantsRecords = start.wantsRecords;
    this.peers = new Uint8Array(this.memory.capacity * SOCKADDR_IN6_BYTES);
    this.plan = new WorkerPlan(start.plan);
    this.nowMs = Math.floor(start.nowMs);
    this.epoll = libc.epoll_create1(EPOLL_CLOEXEC);
    if (this.epoll < 0) throw new Error(`epoll_create1 failed: ${this.lastError.number}`);
    this.memory.epoll = this.epoll;
  }

  /** Counts one. */
  count(name: CounterName): void {
    this.memory.counters[COUNTER[name]]++;
    this.hasNews = true;
  }

  /** Returns the first bytes of `scratch`: the same view again, if it is as long. */
  scratchStart(bytes: number): Uint8Array {
    if (this.#scratchStart.length !== bytes) this.#scratchStart = this.scratch.subarray(0, bytes);
    return this.#scratchStart;
  }

  /** Returns the connection of an event; undefined if it is of one that has ended. */
  find(row: number, generation: number): Connection | undefined {
    const connection = this.#connections[row];
    return connection.generation === generation ? connection : undefined;
  }

  /** Whether another connection has a row. */
  get hasRoom(): boolean {
    return this.#free.length > 0 || this.#connections.length < this.memory.capacity;
  }

  /** Takes a connection from the pool. There must be room. @param descriptor Becomes its client's. */
  begin(descriptor: number, isTls: boolean): Connection {
    let connection = this.#free.pop();
    if (connection === undefined) {
      connection = new Connection(this.#connections.length);
      this.#connections.push(connection);
    }
    connection.isTls = isTls;
    connection.plan = this.plan;
    connection.startedAt = connection.lastByteAt = this.nowMs;
    connection.client.descriptor = descriptor;
    this.memory.hold(connection.row, HOLD.client, descriptor);
    this.memory.noteStart();
    return connection;
  }

  /** Gives a connection a socket towards its upstream. */
  adopt(connection: Connection, descriptor: number): void {
    connection.upstream.descriptor = descriptor;
    this.memory.hold(connection.row, HOLD.upstream, descriptor);
  }

  /** Asks the kernel for events of a side; for none, errors included, with 0. */
  watch(side: Side, interest: number): void {
    const before = side.interest;
    if (before === interest) return;
    side.interest = interest;
    const operation = before === 0 ? EPOLL_CTL.ADD : interest === 0 ? EPOLL_CTL.DEL : EPOLL_CTL.MOD;
    const { generation, row } = side.connection;
    this.#event.set(0, interest, 2 * row + (side.isClient ? 0 : 1), generation);
    this.libc.epoll_ctl(this.epoll, operation, side.descriptor, this.#event.bytes);
  }

  /** Asks the kernel for readiness of a descriptor that is no connection's, or no longer. */
  watchOther(descriptor: number, token: number, interest: number): void {
    this.#event.set(0, interest, token, 0);
    const operation = interest === 0 ? EPOLL_CTL.DEL : EPOLL_CTL.ADD;
    this.libc.epoll_ctl(this.epoll, operation, descriptor, this.#event.bytes);
  }

  /** Limits what a connection waits for. @param ms Milliseconds from now. */
  limit(connection: Connection, ms: number): void {
    this.wheel.set(connection, this.nowMs + ms);
  }

  /** Gives a side a pipe. @returns False if none can be had. */
  takePipe(side: Side): boolean {
    if (!this.pipes.take(side)) return false;
    this.#holdPipe(side);
    return true;
  }

  /** Takes a side's pipe back, if it has one. */
  givePipe(side: Side): void {
    if (side.pipeIn < 0) return;
    this.pipes.giveBack(side);
    this.#holdPipe(side);
  }

  /** Counts a connection to a server until its socket is closed. */
  enterServer(connection: Connection, openCell: number): void {
    connection.openCell = openCell;
    connection.plan!.decisions.addOpen(openCell, 1);
    this.memory.hold(connection.row, HOLD.openCell, openCell);
  }

  /** Closes the socket towards the upstream, and what stands in the address book for it. */
  closeUpstream(connection: Connection): void {
    const { upstream, row } = connection;
    if (connection.openCell >= 0) {
      connection.plan!.decisions.addOpen(connection.openCell, -1);
      connection.openCell = -1;
      this.memory.hold(row, HOLD.openCell, -1);
    }
    if (connection.bookSlot >= 0) {
      this.book.close(connection.bookSlot, this.nowMs);
      connection.bookSlot = -1;
      this.memory.hold(row, HOLD.bookSlot, -1);
    }
    if (upstream.descriptor < 0) return;
    this.libc.close(upstream.descriptor);
    this.memory.hold(row, HOLD.upstream, -1);
    upstream.descriptor = -1;
    upstream.interest = 0;
  }

  /** Leaves the terminator's slot, if the connection holds one. */
  leaveTerminator(connection: Connection): void {
    const slot = connection.terminatorSlot;
    if (slot < 0) return;
    connection.terminatorSlot = -1;
    this.memory.hold(connection.row, HOLD.terminatorSlot, -1);
    if (!this.board.leave(slot)) return;
    reportSlotUnused(this.reports, slot);
    this.hasNews = true;
  }

  /** Ends a connection: closes and gives back all it holds, and records it. */
  finish(connection: Connection, end: ConnectionEnd): void {
    if (connection.state === STATE.free) return;
    if (end === "idle_timeout" || end === "request_timeout") this.count(end);
    this.givePipe(connection.client);
    this.givePipe(connection.upstream);
    this.closeUpstream(connection);
    this.leaveTerminator(connection);
    this.libc.close(connection.client.descriptor);
    this.memory.hold(connection.row, HOLD.client, -1);
    this.wheel.clear(connection);
    if (this.wantsRecords) {
      reportConnection(this.reports, connection, { peers: this.peers, end, nowMs: this.nowMs });
      this.hasNews = true;
    }
    // Main waits for the last one.
    if (this.memory.isUrgent) this.hasNews = true;
    connection.reset();
    this.#free.push(connection);
    this.memory.noteEnd(end === "drained");
  }

  /** Ends every connection. @returns How many there were. */
  finishAll(end: ConnectionEnd): number {
    const open = this.#connections.filter(({ state }) => state !== STATE.free);
    for (const connection of open) this.finish(connection, end);
    return open.length;
  }

  /** Tells a person. The connection's record says the same. */
  complain(connection: Connection, sentence: string, error: string): void {
    connection.reason = error;
    reportComplaint(this.reports, { sentence, error, peers: this.peers, row: connection.row });
    this.hasNews = true;
  }

  #holdPipe(side: Side): void {
    const what = HOLD.pipes + (side.isClient ? 0 : 2);
    this.memory.hold(side.connection.row, what, side.pipeOut);
    this.memory.hold(side.connection.row, what + 1, side.pipeIn);
  }
}
