/**
 * What crosses between the main isolate and a worker as messages of the runtime: seldom, and never per
 * connection. Types only.
 *
 * @module
 */
import type { PlanMessage } from "./worker_plan.ts";

/** A public socket, which the main isolate owns. */
export interface PublicSocket {
  readonly descriptor: number;
  /** Whether clients speak TLS there; else plain HTTP. */
  readonly isTls: boolean;
}

/** What a worker is started with. */
export interface StartCommand {
  readonly kind: "start";
  /** Of `WorkerMemory`. */
  readonly memory: SharedArrayBuffer;
  /** How many idle pipes have room in it. */
  readonly pipes: number;
  /** Of the report ring. */
  readonly reports: SharedArrayBuffer;
  /** Of `TerminatorBoard`. */
  readonly board: SharedArrayBuffer;
  /** Of `AddressBook`. */
  readonly book: SharedArrayBuffer;
  /** An eventfd: its count says how many commands have been sent. */
  readonly wake: number;
  readonly sockets: readonly PublicSocket[];
  readonly plan: PlanMessage;
  /** From 0; tells workers' source addresses apart. */
  readonly number: number;
  /** Whether somebody reads the records of connections. */
  readonly wantsRecords: boolean;
  /** The main isolate's time now, in milliseconds. */
  readonly nowMs: number;
  /** Whether the worker's time is told in its memory, or goes on from `nowMs` by itself. */
  readonly isTimeTold: boolean;
}

/** What a worker is told later. Those with an `id` are answered with `done`. */
export type Command =
  | { readonly kind: "plan"; readonly id: number; readonly plan: PlanMessage }
  /** A cell of the plan has been filled, or there is a problem, in words. */
  | {
    readonly kind: "terminator";
    readonly planId: number;
    readonly place: number;
    readonly problem: string | undefined;
  }
  | { readonly kind: "stop_accepting"; readonly id: number }
  /** Ends every connection as drained. */
  | { readonly kind: "cut"; readonly id: number }
  | { readonly kind: "exit"; readonly id: number }
  /** Dies as by a defect, with everything open: for tests. */
  | { readonly kind: "die" };

/** What a worker answers. */
export type Answer =
  /** There are reports, or counters have changed. */
  | { readonly kind: "reports" }
  | { readonly kind: "done"; readonly id: number }
  /** Its last words. */
  | { readonly kind: "died"; readonly error: string };
