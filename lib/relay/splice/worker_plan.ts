/**
 * A plan as a worker holds it: the shared buffers, opened. A connection keeps the one it was
 * accepted under.
 *
 * @module
 */
import { FlatTable } from "../../route/flat_table.ts";
import { FlatPlan } from "./flat_plan.ts";

/** What crosses from the main isolate. */
export interface PlanMessage {
  /** Counted up by the main isolate. */
  readonly id: number;
  /** Of `encodeFlatTable`. */
  readonly table: SharedArrayBuffer;
  /** Of `encodeFlatPlan`. */
  readonly decisions: SharedArrayBuffer;
  /** Of `ServerCells`: what is known of servers, which outlives the plan. */
  readonly servers: SharedArrayBuffer;
  /** From accept to the end of the ClientHello, in milliseconds. */
  readonly helloTimeoutMs: number;
}

/** An opened plan. */
export class WorkerPlan {
  readonly id: number;
  readonly table: FlatTable;
  readonly decisions: FlatPlan;
  readonly helloTimeoutMs: number;

  constructor({ id, table, decisions, servers, helloTimeoutMs }: PlanMessage) {
    this.id = id;
    this.table = new FlatTable(table);
    this.decisions = new FlatPlan(decisions, servers);
    this.helloTimeoutMs = helloTimeoutMs;
  }
}
