/**
 * One client connection in a worker: plain numbers and two sides, filled in again for one connection
 * after the other so that nothing is allocated. Knows nothing of how it is served. Does no I/O.
 *
 * Ten thousand of them may do nothing for hours, so each field counts: a field takes 8 bytes, and 16 more
 * if it holds anything but a whole number of 32 bits. Times are therefore whole milliseconds.
 *
 * @module
 */
import type { ConnectionEnd } from "../relay_engine.ts";
import type { Timed } from "./timer_wheel.ts";
import type { WorkerPlan } from "./worker_plan.ts";

/** What a connection waits for. `free` is where every one begins and ends. */
export const STATE = {
  free: 0,
  /** The rest of the hello. */
  hello: 1,
  /** The port of a terminator. */
  parked: 2,
  /** A server or a listener that lets us in and takes the first bytes. */
  connecting: 3,
  /** Bytes either way. */
  relaying: 4,
  /** A refused client that reads its alert. */
  refusing: 5,
} as const;

/** What was read from a side and has not been written; a side that waits for nothing has none. */
class Backlog {
  pipeIn = -1;
  pipeOut = -1;
  inPipe = 0;
  rest: Uint8Array | undefined;

  get isEmpty(): boolean {
    return this.pipeIn < 0 && this.pipeOut < 0 && this.inPipe === 0 && this.rest === undefined;
  }
}

/** One of the two sockets, and the stream that is read from it. */
export class Side {
  readonly connection: Connection;
  /** Where what is read here goes. Set once. */
  peer!: Side;
  /** -1 if there is none. */
  descriptor = -1;
  /** Bits of `EPOLL` that are asked for; 0 if the socket is not in the epoll set. */
  interest = 0;
  /** The stream has ended and the peer knows, or nobody takes it any more. */
  hasEnded = false;
  /** Much is coming: it moves through a pipe. */
  isBulk = false;
  /** Bytes that were read since the connection began. */
  bytes = 0;
  #backlog: Backlog | undefined;

  constructor(connection: Connection) {
    this.connection = connection;
  }

  /** Whether it is the client's side, or the upstream's. */
  get isClient(): boolean {
    return this.connection.client === this;
  }

  /** The end of its pipe that is written to; -1 if it has none. */
  get pipeIn(): number {
    return this.#backlog?.pipeIn ?? -1;
  }

  set pipeIn(descriptor: number) {
    this.#keep().pipeIn = descriptor;
    this.#forget();
  }

  /** The end of its pipe that is read from; -1 if it has none. */
  get pipeOut(): number {
    return this.#backlog?.pipeOut ?? -1;
  }

  set pipeOut(descriptor: number) {
    this.#keep().pipeOut = descriptor;
    this.#forget();
  }

  /** Bytes that were read and lie in the pipe. */
  get inPipe(): number {
    return this.#backlog?.inPipe ?? 0;
  }

  set inPipe(bytes: number) {
    this.#keep().inPipe = bytes;
    this.#forget();
  }

  /** Bytes that were copied and that the peer has not taken. */
  get rest(): Uint8Array | undefined {
    return this.#backlog?.rest;
  }

  set rest(bytes: Uint8Array | undefined) {
    this.#keep().rest = bytes;
    this.#forget();
  }

  /** Says whether something was read that the peer has not taken: then nothing more is read. */
  get isBlocked(): boolean {
    const backlog = this.#backlog;
    return backlog !== undefined && (backlog.inPipe > 0 || backlog.rest !== undefined);
  }

  /** Makes a fresh side of it; descriptors must have been closed. */
  reset(): void {
    this.descriptor = -1;
    this.interest = 0;
    this.hasEnded = false;
    this.isBulk = false;
    this.bytes = 0;
    this.#backlog = undefined;
  }

  #keep(): Backlog {
    return this.#backlog ??= new Backlog();
  }

  #forget(): void {
    if (this.#backlog!.isEmpty) this.#backlog = undefined;
  }
}

/** A connection. Whoever takes it from the pool fills it in and gives it back. */
export class Connection implements Timed {
  /** Its row in the shared memory; the token of its client, doubled. */
  readonly row: number;
  /** Changes with each use, so that a late event of the one before is known. */
  generation = 0;
  state: number = STATE.free;
  readonly client: Side = new Side(this);
  readonly upstream: Side = new Side(this);

  /** Whether it came to the TLS port. */
  isTls = true;
  /** The plan it was accepted under. */
  plan: WorkerPlan | undefined;
  startedAt = 0;
  lastByteAt = 0;

  dueAt = 0;
  timerStep = -1;
  timerNext: Timed | undefined;
  timerPrevious: Timed | undefined;

  /** The hello so far, or all that the client has sent; undefined if it need not be kept. */
  hello: Uint8Array | undefined;
  helloBytes = 0;
  /** What the server gets first, and how much of it has been sent. */
  head: Uint8Array | undefined;
  headAt = 0;

  /** For the record, if there will be one. */
  serverName: string | undefined;
  /** Of the hello, which an alert must fit; -1 before there is one. */
  legacyVersion = -1;

  /** In the plan. */
  place = -1;
  route = -1;
  /** Positions of the servers that were tried; undefined while none has failed. */
  tried: number[] | undefined;
  /** Of the route's servers, the one that is tried or relayed to; -1 if there is none. */
  position = -1;
  server = -1;
  /** Where that server's connections are counted, while this one is; else -1. */
  openCell = -1;
  /** Where the server is connected from, if not from this machine's own address: the client. */
  source: Uint8Array | undefined;
  /** The server's address that is tried next. */
  addressAt = 0;

  isHop = false;
  hopPort = 0;
  bookSlot = -1;
  terminatorSlot = -1;
  /** Time limits of a hop, in milliseconds. */
  headerMs = 0;
  keepAliveMs = 0;

  /** Bytes that a refused client has sent since. */
  discarded = 0;
  end: ConnectionEnd | undefined;
  reason = "";

  constructor(row: number) {
    this.row = row;
    this.client.peer = this.upstream;
    this.upstream.peer = this.client;
  }

  /** Makes a fresh connection of it. */
  reset(): void {
    this.generation = (this.generation + 1) & 0x3fff_ffff;
    this.state = STATE.free;
    this.client.reset();
    this.upstream.reset();
    this.plan = undefined;
    this.hello = undefined;
    this.helloBytes = 0;
    this.head = undefined;
    this.headAt = 0;
    this.serverName = undefined;
    this.legacyVersion = -1;
    this.place =
      this.route =
      this.position =
      this.server =
      this.openCell =
        -1;
    this.tried = undefined;
    this.addressAt = 0;
    this.source = undefined;
    this.isHop = false;
    this.hopPort = 0;
    this.bookSlot = this.terminatorSlot = -1;
    this.discarded = 0;
    this.end = undefined;
    this.reason = "";
  }
}
