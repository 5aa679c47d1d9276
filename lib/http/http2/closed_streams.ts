/**
 * What a connection remembers of streams that are over: few numbers, and how the last of them ended.
 * It decides what a late frame means (RFC 9113 §5.1, "closed"). Pure. Input comes from strangers.
 *
 * @module
 */
import { HTTP2_RESETS_REMEMBERED_MAX } from "../../base/http2_limits.ts";

/** Streams that ended whole and are remembered; more would only make an error's code more exact. */
const ENDED_MAX = 16;

/** How a stream ended, as far as it is known. */
export type StreamEnd =
  /** By us: frames that were on their way are to be ignored. */
  | "reset"
  /** By the client, or by both sides: nothing more may come. */
  | "ended"
  /** Too long ago, or it was passed over. */
  | "forgotten";

/** Remembers the ends of streams. */
export class ClosedStreams {
  /** In the order of their resets. */
  readonly #resets = new Set<number>();
  readonly #ended = new Uint32Array(ENDED_MAX);
  #endedCount = 0;

  /** Notes that we have ended a stream before the client did. */
  noteReset(stream: number): void {
    this.#resets.add(stream);
    if (this.#resets.size <= HTTP2_RESETS_REMEMBERED_MAX) return;
    for (const oldest of this.#resets) {
      this.#resets.delete(oldest);
      return;
    }
  }

  /** Notes that the client has ended a stream. */
  noteEnded(stream: number): void {
    this.#ended[this.#endedCount++ % ENDED_MAX] = stream;
  }

  /** Says how a stream ended that was open once. */
  endOf(stream: number): StreamEnd {
    if (this.#resets.has(stream)) return "reset";
    return this.#ended.includes(stream) ? "ended" : "forgotten";
  }
}
