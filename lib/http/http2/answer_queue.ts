/**
 * Whose turn it is to send DATA. Answers take turns of one frame each, while the connection's window
 * and the output have room. Does I/O through what it is given.
 *
 * @module
 */
import type { FrameOutput } from "./frame_output.ts";
import { WINDOW_START_BYTES } from "./settings.ts";
import { SendWindow } from "./windows.ts";

/** Somebody who sends DATA. */
export interface DataSender {
  /** Sends one frame of at most so many bytes. It may ask for another turn. */
  takeTurn(bytesMax: number): void;
  /** Called when the turn has to wait until the client opens the connection's window. */
  noteWait(): void;
}

/** Gives turns. */
export class AnswerQueue {
  /** What the connection may be sent on all streams together (RFC 9113 §6.9.1). */
  readonly window = new SendWindow(WINDOW_START_BYTES);
  readonly #output: FrameOutput;
  /** In the order of their turns. */
  readonly #waiting = new Set<DataSender>();
  #isRunning = false;

  constructor(output: FrameOutput) {
    this.#output = output;
  }

  /** How many bytes one frame may have at once; 0 = it has to wait for its turn. */
  get roomBytes(): number {
    if (this.#waiting.size > 0) return 0;
    return Math.min(this.#output.dataRoomBytes, Math.max(0, this.window.bytes));
  }

  /** Asks for a turn, which may come at once. One is asked for at a time. */
  add(sender: DataSender): void {
    this.#waiting.add(sender);
    this.run();
  }

  /** Takes a wish for a turn back. */
  remove(sender: DataSender): void {
    this.#waiting.delete(sender);
  }

  /** Gives as many turns as there is room for: called whenever there may be more. */
  run(): void {
    if (this.#isRunning || this.#waiting.size === 0) return;
    this.#isRunning = true;
    // Whoever is added meanwhile comes last.
    for (const sender of this.#waiting) {
      const bytesMax = Math.min(this.#output.dataRoomBytes, this.window.bytes);
      if (bytesMax <= 0) break;
      this.#waiting.delete(sender);
      sender.takeTurn(bytesMax);
    }
    this.#isRunning = false;
    if (this.window.bytes <= 0) { for (const sender of this.#waiting) sender.noteWait(); }
  }
}
