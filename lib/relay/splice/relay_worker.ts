/**
 * The loop of one worker: waits in the kernel, gives each event to the phase its connection is in, runs
 * the time limits that are over, and leaves for a moment when there are commands. Does I/O.
 *
 * @module
 */
import {
  SPLICE_EVENTS_MAX,
  SPLICE_REPORT_PAUSE_MS,
  SPLICE_REPORTS_BYTES,
} from "../../base/limits.ts";
import { errorText } from "../../base/failures.ts";
import { EPOLL, EpollEvents } from "../../linux/epoll.ts";
import type { Libc } from "../../linux/libc.ts";
import { NO_MATCH } from "../../route/flat_table.ts";
import { Acceptor } from "./accept.ts";
import type { Answer, Command, StartCommand } from "./commands.ts";
import { type Connection, STATE } from "./connection.ts";
import { ACTION, placeOf, PLAIN_HTTP_PLACE } from "./flat_plan.ts";
import { setKeepAlive } from "./keep_alive.ts";
import { moveBytes } from "./move_bytes.ts";
import { readHello, refuseLateHello, refuseNoHello } from "./read_hello.ts";
import { discard, refuse } from "./refuse.ts";
import { Hops } from "./relay_to_hop.ts";
import { giveUpServer, goOnToServer, relayToServer } from "./relay_to_server.ts";
import { WorkerContext } from "./worker_context.ts";
import { WorkerPlan } from "./worker_plan.ts";

/** The token of the eventfd's events. */
const WAKE_TOKEN = -1;

/** Commands as they come, and how they are answered. */
export interface Post {
  /** Resolves to the next command. */
  next(): Promise<Command>;
  answer(answer: Answer): void;
}

/** Runs until the command `exit`. */
export class RelayWorker {
  readonly #context: WorkerContext;
  readonly #start: StartCommand;
  readonly #post: Post;
  readonly #hops: Hops;
  readonly #acceptor: Acceptor;
  readonly #events = new EpollEvents(SPLICE_EVENTS_MAX);
  readonly #wakeBytes = new Uint8Array(8);
  /** Added to the runtime's time, it makes that of the main isolate. */
  readonly #timeOffsetMs: number;
  #commands = 0;
  #reportedAt = 0;

  constructor(start: StartCommand, libc: Libc, post: Post) {
    this.#start = start;
    this.#post = post;
    this.#timeOffsetMs = start.nowMs - performance.now();
    this.#context = new WorkerContext(start, libc, (connection) => this.#expire(connection));
    this.#hops = new Hops(this.#context);
    this.#context.watchOther(start.wake, WAKE_TOKEN, EPOLL.IN);
    this.#acceptor = new Acceptor(
      this.#context,
      start.sockets,
      (connection) => this.#begin(connection),
    );
  }

  /** Serves. @throws {Error} If there is a defect; connections then stay open. */
  async run(): Promise<void> {
    try {
      while (await this.#serveUntilCommands());
    } finally {
      this.#context.memory.endTime();
    }
  }

  /** @returns False once it has been told to exit. */
  async #serveUntilCommands(): Promise<boolean> {
    do this.#turn(); while (this.#commands === 0);
    for (; this.#commands > 0; this.#commands--) {
      const command = await this.#post.next();
      if (command.kind === "exit") {
        this.#exit(command.id);
        return false;
      }
      this.#obey(command);
      this.#context.memory.noteCommand();
    }
    // What a command has led to must not wait for the next event.
    this.#report();
    return true;
  }

  #turn(): void {
    const context = this.#context;
    const { libc, memory } = context;
    const events = this.#events;
    const count = libc.epoll_wait(context.epoll, events.bytes, events.capacity, this.#waitMs());
    const timesTold = memory.timesTold;
    context.nowMs = this.#readTime();
    for (let index = 0; index < count; index++) {
      const token = events.token(index);
      if (token >= 0) this.#dispatch(token, events.generation(index), events.events(index));
      else if (token === WAKE_TOKEN) this.#readWake();
      else this.#acceptor.accept(token);
    }
    context.wheel.advance(context.nowMs);
    this.#acceptor.resume();
    this.#report();
    if (this.#start.isTimeTold) memory.reachTime(timesTold);
  }

  /** Whole milliseconds: a time that stands in a connection must be cheap, see `connection.ts`. */
  #readTime(): number {
    return Math.floor(
      this.#start.isTimeTold ? this.#context.memory.toldMs : performance.now() + this.#timeOffsetMs,
    );
  }

  /** Milliseconds that the kernel may wait; -1 for ever. */
  #waitMs(): number {
    const context = this.#context;
    if (this.#start.isTimeTold) return -1;
    let waitMs = context.wheel.waitMs(context.nowMs);
    const resumeMs = this.#acceptor.waitMs();
    if (resumeMs >= 0 && (waitMs < 0 || resumeMs < waitMs)) waitMs = resumeMs;
    if (!context.hasNews) return waitMs;
    const reportMs = Math.max(
      0,
      Math.ceil(this.#reportedAt + SPLICE_REPORT_PAUSE_MS - context.nowMs),
    );
    return waitMs < 0 || reportMs < waitMs ? reportMs : waitMs;
  }

  #readWake(): void {
    if (this.#context.libc.read(this.#start.wake, this.#wakeBytes, 8) !== 8) return;
    // The upper half counts wakes without a command: the time has been told.
    const view = new DataView(this.#wakeBytes.buffer);
    this.#commands += view.getUint32(0, true);
  }

  #dispatch(token: number, generation: number, events: number): void {
    const connection = this.#context.find(token >> 1, generation);
    // An event of the same turn may have ended it.
    if (connection === undefined) return;
    try {
      this.#serve(connection, (token & 1) === 0, events);
    } catch (error) {
      this.#endByDefect(connection, error);
    }
  }

  /** A defect of ours must not take the other connections along. */
  #endByDefect(connection: Connection, error: unknown): void {
    this.#context.complain(connection, "Cannot serve connection", errorText(error));
    this.#context.finish(connection, "refused");
  }

  #serve(connection: Connection, isClient: boolean, events: number): void {
    switch (connection.state) {
      case STATE.relaying:
        return moveBytes(
          this.#context,
          isClient ? connection.client : connection.upstream,
          events,
        );
      case STATE.hello:
        return this.#hello(connection);
      case STATE.refusing:
        return discard(this.#context, connection);
      case STATE.parked:
        return this.#context.watch(connection.client, 0);
      case STATE.connecting:
        // What the client sends, even its end, has to wait.
        if (isClient) this.#context.watch(connection.client, 0);
        else if (connection.isHop) this.#hops.goOn(connection);
        else goOnToServer(this.#context, connection);
    }
  }

  #begin(connection: Connection): void {
    if (!connection.isTls) {
      connection.isHop = true;
      connection.place = PLAIN_HTTP_PLACE;
      return this.#enterHop(connection);
    }
    connection.state = STATE.hello;
    this.#context.limit(connection, connection.plan!.helloTimeoutMs);
    this.#context.watch(connection.client, EPOLL.IN);
  }

  #enterHop(connection: Connection): void {
    try {
      this.#hops.enter(connection);
    } catch (error) {
      this.#endByDefect(connection, error);
    }
  }

  #hello(connection: Connection): void {
    const context = this.#context;
    const result = readHello(context, connection);
    if (result === undefined) return;
    if (result.kind !== "hello") return refuseNoHello(context, connection, result);
    if (context.wantsRecords) connection.serverName = result.serverName;
    connection.legacyVersion = result.legacyVersion;
    this.#route(connection, connection.plan!.table.match(result.serverName));
  }

  #route(connection: Connection, match: number): void {
    const { decisions } = connection.plan!;
    if (match === NO_MATCH) return this.#refuseName(connection, "server_name_unknown");
    connection.place = placeOf(match);
    const route = decisions.routeOf(connection.place);
    const action = decisions.action(route);
    if (action === ACTION.reject) return this.#refuseName(connection, "server_name_rejected");
    connection.route = route;
    if (action === ACTION.relay) return relayToServer(this.#context, connection);
    connection.isHop = true;
    this.#hops.enter(connection);
  }

  #refuseName(
    connection: Connection,
    counter: "server_name_unknown" | "server_name_rejected",
  ): void {
    this.#context.count(counter);
    connection.reason = counter;
    refuse(this.#context, connection, "unrecognized_name", "refused");
  }

  #expire(connection: Connection): void {
    try {
      this.#endWait(connection);
    } catch (error) {
      this.#endByDefect(connection, error);
    }
  }

  #endWait(connection: Connection): void {
    const context = this.#context;
    switch (connection.state) {
      case STATE.hello:
        return refuseLateHello(context, connection);
      case STATE.parked:
        return this.#hops.fail(connection, "no terminator in time");
      case STATE.connecting:
        if (!connection.isHop) return giveUpServer(context, connection);
        return this.#hops.fail(connection, "terminator does not let us in");
      case STATE.refusing:
        return context.finish(connection, connection.end ?? "refused");
      case STATE.relaying:
        return connection.isHop ? this.#hops.look(connection) : this.#lookIdle(connection);
    }
  }

  #lookIdle(connection: Connection): void {
    const context = this.#context;
    const idleMs = connection.plan!.decisions.idleMs(connection.route);
    const leftMs = connection.lastByteAt + idleMs - context.nowMs;
    if (leftMs <= 0) return context.finish(connection, "idle_timeout");
    setKeepAlive(context.libc, connection.upstream.descriptor);
    context.limit(connection, leftMs);
  }

  /** Has main read reports: at once if somebody waits, else once for many. */
  #report(): void {
    const context = this.#context;
    if (!context.hasNews) return;
    const isDue = this.#start.isTimeTold || context.isUrgent || context.memory.isUrgent ||
      context.nowMs - this.#reportedAt >= SPLICE_REPORT_PAUSE_MS ||
      context.reports.waiting > SPLICE_REPORTS_BYTES / 2;
    if (!isDue) return;
    context.hasNews = context.isUrgent = false;
    this.#reportedAt = context.nowMs;
    if (context.memory.askForReading()) this.#post.answer({ kind: "reports" });
  }

  #obey(command: Exclude<Command, { kind: "exit" }>): void {
    const context = this.#context;
    switch (command.kind) {
      case "plan":
        context.plan = new WorkerPlan(command.plan);
        break;
      case "terminator":
        return this.#hops.wake(command.planId, command.place, command.problem);
      case "stop_accepting":
        this.#acceptor.stop();
        break;
      case "cut":
        context.finishAll("drained");
        break;
      case "die":
        throw new Error("told to die");
    }
    this.#post.answer({ kind: "done", id: command.id });
  }

  #exit(id: number): void {
    const { epoll, libc, memory, pipes } = this.#context;
    pipes.close();
    memory.epoll = -1;
    libc.close(epoll);
    this.#post.answer({ kind: "done", id });
  }
}
