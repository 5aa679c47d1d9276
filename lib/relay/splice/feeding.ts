/**
 * Feeds clients of HTTP/2 to their terminators in portions. The runtime's HTTP/2 engine lets no other
 * work of its thread have a turn while frames are there that need no application (PING, SETTINGS, empty
 * DATA): one such client would keep everybody waiting for as long as it likes. So each hop may be sent a
 * portion, and the next one only when the main isolate has had a turn since, which it is asked to say.
 * What a client of good manners may send unasked is less than a portion or is answered by a turn.
 *
 * @module
 */
import { HOP_PORTION_BYTES, HOP_PORTION_MIN_BYTES, HOP_TURN_MS } from "../../base/limits.ts";
import { type Connection, STATE } from "./connection.ts";

/** A connection that waits, as it was then. */
interface Waiting {
  readonly connection: Connection;
  readonly generation: number;
}

/** The hops of one worker that wait for a turn of the main isolate. */
export class Feeding {
  readonly #askForTurn: () => void;
  readonly #resume: (connection: Connection) => void;
  #waiting: Waiting[] = [];
  #askedAt = 0;

  /**
   * @param askForTurn Has {@linkcode Feeding.noteTurn} called once the main isolate has had a turn.
   * @param resume Called with each connection that may go on.
   */
  constructor(askForTurn: () => void, resume: (connection: Connection) => void) {
    this.#askForTurn = askForTurn;
    this.#resume = resume;
  }

  /** Says whether a connection may be read from; if not so, it waits from here on. */
  mayRead(connection: Connection, nowMs: number): boolean {
    if (!connection.isFed) return true;
    if (connection.isHungry) return false;
    if (connection.client.bytes - connection.fedBytes < connection.portionBytes) return true;
    connection.isHungry = true;
    if (this.#waiting.length === 0) {
      this.#askedAt = nowMs;
      this.#askForTurn();
    }
    this.#waiting.push({ connection, generation: connection.generation });
    return false;
  }

  /** The main isolate has had a turn. If that took long, portions were too large, whosever they were. */
  noteTurn(nowMs: number): void {
    const waiting = this.#waiting;
    const isLate = nowMs - this.#askedAt > HOP_TURN_MS;
    this.#waiting = [];
    for (const { connection, generation } of waiting) {
      if (connection.generation !== generation || connection.state !== STATE.relaying) continue;
      connection.isHungry = false;
      connection.fedBytes = connection.client.bytes;
      const { portionBytes } = connection;
      connection.portionBytes = isLate
        ? Math.max(HOP_PORTION_MIN_BYTES, portionBytes / 4)
        : Math.min(HOP_PORTION_BYTES, portionBytes * 2);
      this.#resume(connection);
    }
  }
}
