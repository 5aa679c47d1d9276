/**
 * Relays a connection to a loopback listener of our own: a terminator, or the application behind port
 * 80. The hop stands in the address book from before its first byte until it is closed. A connection
 * whose terminator is not known yet waits until the main isolate has leased one. Does I/O.
 *
 * @module
 */
import {
  CONNECT_TIMEOUT_MS,
  HOP_DIALS_MAX,
  RELAY_IDLE_TIMEOUT_MS,
  TERMINATOR_TIMEOUT_MS,
} from "../../base/limits.ts";
import { EPOLL } from "../../linux/epoll.ts";
import { ERRNO, errnoText } from "../../linux/errno.ts";
import {
  decodeIpAddress,
  encodeIpAddress,
  SOCKADDR_IN6_BYTES,
} from "../../linux/socket_address.ts";
import { type Connection, STATE } from "./connection.ts";
import { dial, sendHead, SENT } from "./dial.ts";
import { join } from "./move_bytes.ts";
import { helloBytes, keepHello } from "./read_hello.ts";
import { refuse } from "./refuse.ts";
import { reportSlotUnused, reportTerminatorWanted } from "./reports.ts";
import { NO_SLOT } from "./terminator_board.ts";
import type { WorkerContext } from "./worker_context.ts";
import { HOLD } from "./worker_memory.ts";

/** A connection that waits, as it was then. */
interface Parked {
  readonly connection: Connection;
  readonly generation: number;
}

/** The hops of one worker. */
export class Hops {
  readonly #context: WorkerContext;
  /** By terminator. */
  readonly #parked = new Map<string, Parked[]>();
  readonly #target = encodeIpAddress("127.0.0.1", 0)!;
  /**
   * In rotation, so that ports do not run out, and those closed a moment ago are not met with: the book
   * holds them for 5 s, and a dial that meets with one is made again. It takes two calls per hop, 1 us.
   */
  readonly #source = encodeIpAddress("127.0.0.1", 0)!;
  #dials = 0;

  constructor(context: WorkerContext) {
    this.#context = context;
  }

  /** Relays to the terminator of the connection's place, or to the application behind port 80. */
  enter(connection: Connection): void {
    const { board, nowMs } = this.#context;
    const { decisions } = connection.plan!;
    const cell = decisions.terminatorCell(connection.place);
    const slot = board.enter(decisions.cells, cell, nowMs);
    if (slot > NO_SLOT) return this.#open(connection, slot);
    if (slot < NO_SLOT) this.#reportUnused(-slot);
    this.#park(connection);
  }

  /** Goes on with the connections that wait for a terminator. @param problem Why there is none. */
  wake(planId: number, place: number, problem: string | undefined): void {
    const key = parkedKey(planId, place);
    const parked = this.#parked.get(key) ?? [];
    this.#parked.delete(key);
    for (const { connection, generation } of parked) {
      if (connection.generation !== generation || connection.state !== STATE.parked) continue;
      if (problem === undefined) this.enter(connection);
      else this.fail(connection, problem);
    }
  }

  /** Goes on once the hop can be written to, or has failed. */
  goOn(connection: Connection): void {
    const sent = sendHead(this.#context, connection);
    if (sent === SENT.all) this.#join(connection);
    else if (sent === SENT.failed) this.fail(connection, errnoText(this.#context.lastError.number));
  }

  /** Ends a connection that no hop can be opened for. */
  fail(connection: Connection, problem: string): void {
    const context = this.#context;
    context.count("terminator_unavailable");
    context.complain(connection, "Cannot open terminator", problem);
    context.closeUpstream(connection);
    context.leaveTerminator(connection);
    if (connection.isTls) refuse(context, connection, "internal_error", "upstream_unreachable");
    else context.finish(connection, "upstream_unreachable");
  }

  /** Looks whether a hop's client asks for something; ends a hop on which nothing is asked. */
  look(connection: Connection): void {
    const { book, nowMs } = this.#context;
    const { requests, inFlight, idleMs } = book.usage(connection.bookSlot, nowMs);
    const limitMs = requests === 0 ? connection.headerMs : connection.keepAliveMs;
    // The last answer is over for the HTTP plane; a slow client may still be taking its end from us.
    const isTaking = requests > 0 && connection.upstream.isBlocked &&
      idleMs < RELAY_IDLE_TIMEOUT_MS;
    if (inFlight === 0 && idleMs >= limitMs && !isTaking) {
      this.#context.finish(connection, "request_timeout");
    } else {
      // Late or not, a hop is looked at once per limit.
      this.#context.limit(connection, idleMs < limitMs ? limitMs - idleMs : limitMs);
    }
  }

  #park(connection: Connection): void {
    const context = this.#context;
    const { place } = connection;
    const planId = connection.plan!.id;
    const key = parkedKey(planId, place);
    const parked = this.#parked.get(key) ?? [];
    if (parked.length === 0) {
      reportTerminatorWanted(context.reports, planId, place);
      context.hasNews = context.isUrgent = true;
    }
    parked.push({ connection, generation: connection.generation });
    this.#parked.set(key, parked);
    if (connection.hello === undefined) keepHello(context, connection);
    connection.state = STATE.parked;
    context.limit(connection, TERMINATOR_TIMEOUT_MS);
  }

  #reportUnused(slot: number): void {
    reportSlotUnused(this.#context.reports, slot);
    this.#context.hasNews = true;
  }

  #open(connection: Connection, slot: number): void {
    const { board, memory } = this.#context;
    connection.terminatorSlot = slot;
    memory.hold(connection.row, HOLD.terminatorSlot, slot);
    connection.hopPort = board.port(slot);
    connection.headerMs = board.headerMs(slot);
    connection.keepAliveMs = board.keepAliveMs(slot);
    this.#dial(connection);
  }

  #dial(connection: Connection): void {
    const context = this.#context;
    this.#target[2] = connection.hopPort >> 8;
    this.#target[3] = connection.hopPort & 0xff;
    let source: Uint8Array | undefined = this.#source;
    for (let count = 0; count < HOP_DIALS_MAX; count++) {
      this.#turnSource();
      const errno = dial(context, connection, this.#target, this.#target.length, source);
      if (errno === 0 && this.#register(connection)) return this.#send(connection);
      if (errno === 0) context.count("hop_conflict");
      else if (errno !== ERRNO.EADDRNOTAVAIL) return this.fail(connection, errnoText(errno));
      // A loopback interface that has 127.0.0.1 only: the kernel chooses.
      else source = undefined;
      context.closeUpstream(connection);
    }
    this.fail(connection, `no free source port after ${HOP_DIALS_MAX} dials`);
  }

  /** 127.64.0.1 and so on: an address of the worker's own in each of 16,384 dials. */
  #turnSource(): void {
    const turn = this.#dials++ & 0x3fff;
    this.#source[5] = 64 + this.#context.number;
    this.#source[6] = turn >> 7;
    this.#source[7] = 1 + (turn & 0x7f);
  }

  /** Enters the hop into the address book. @returns False if its key is held. */
  #register(connection: Connection): boolean {
    const { address, addressLength, addressLengthBytes, book, libc, memory, nowMs, peers } =
      this.#context;
    addressLength[0] = address.length;
    libc.getsockname(connection.upstream.descriptor, address, addressLengthBytes);
    const source = decodeIpAddress(address)!;
    const at = connection.row * SOCKADDR_IN6_BYTES;
    const client = decodeIpAddress(peers.subarray(at, at + SOCKADDR_IN6_BYTES))!;
    const key = {
      sourceIp: source.ip,
      sourcePort: source.port,
      listenerPort: connection.hopPort,
    };
    const entry = book.open(key, client, nowMs);
    if (entry.kind === "held") return false;
    connection.bookSlot = entry.slot;
    memory.hold(connection.row, HOLD.bookSlot, entry.slot);
    return true;
  }

  #send(connection: Connection): void {
    const context = this.#context;
    connection.head = helloBytes(context, connection);
    connection.headAt = 0;
    const sent = sendHead(context, connection);
    if (sent === SENT.all) return this.#join(connection);
    if (sent === SENT.failed) {
      return this.fail(connection, errnoText(context.lastError.number));
    }
    if (connection.hello === undefined) keepHello(context, connection);
    connection.head = helloBytes(context, connection);
    connection.state = STATE.connecting;
    context.watch(connection.upstream, EPOLL.OUT);
    context.limit(connection, CONNECT_TIMEOUT_MS);
  }

  #join(connection: Connection): void {
    if (connection.isTls) this.#context.count("connections_terminated");
    join(this.#context, connection);
    this.#context.limit(connection, connection.headerMs);
  }
}

function parkedKey(planId: number, place: number): string {
  return `${planId} ${place}`;
}
