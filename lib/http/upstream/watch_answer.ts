/**
 * Tells when an exchange with a server is over: its answer has been read to the end, was cut off or
 * given up, or its tunnel has been closed. Changes nothing of it. Does I/O through what it is given.
 *
 * @module
 */
import type { Connection } from "../connection.ts";
import type { Answer, Body, HeaderLine } from "../message.ts";

/**
 * Waits for an answer.
 *
 * @param onEnd Called once, when nothing of the exchange is left; also if there is no answer.
 * @returns The same answer; its body and its connection may be other objects.
 * @throws {unknown} Whatever `answering` rejects with.
 */
export async function watchAnswer(
  answering: Promise<Answer>,
  onEnd: () => void,
): Promise<Answer> {
  let answer: Answer;
  try {
    answer = await answering;
  } catch (error) {
    onEnd();
    throw error;
  }
  const { body, tunnel } = answer;
  if (tunnel !== undefined) {
    const connection = new WatchedConnection(tunnel.connection, onEnd);
    return { ...answer, tunnel: { ...tunnel, connection } };
  }
  if (body !== undefined && !(body instanceof Uint8Array)) {
    return { ...answer, body: new WatchedBody(body, onEnd) };
  }
  onEnd();
  return answer;
}

/** States: watched -> ended (terminal), at the end, at a failure or when cancelled. */
class WatchedBody implements Body {
  readonly #body: Body;
  #leftBytes: number;
  #onEnd: (() => void) | undefined;

  constructor(body: Body, onEnd: () => void) {
    this.#body = body;
    this.#leftBytes = body.length ?? Infinity;
    this.#onEnd = onEnd;
  }

  get length(): number | undefined {
    return this.#body.length;
  }

  get trailers(): readonly HeaderLine[] {
    return this.#body.trailers;
  }

  get isTouched(): boolean {
    return this.#body.isTouched;
  }

  async read(target: Uint8Array): Promise<number> {
    try {
      const count = await this.#body.read(target);
      this.#leftBytes -= count;
      // Whoever knows the length does not ask for what comes after the last byte.
      if (count === 0 || this.#leftBytes <= 0) this.#end();
      return count;
    } catch (error) {
      this.#end();
      throw error;
    }
  }

  cancel(): void {
    this.#end();
    this.#body.cancel();
  }

  #end(): void {
    this.#onEnd?.();
    this.#onEnd = undefined;
  }
}

/** States: watched -> closed (terminal). */
class WatchedConnection implements Connection {
  readonly #connection: Connection;
  #onEnd: (() => void) | undefined;

  constructor(connection: Connection, onEnd: () => void) {
    this.#connection = connection;
    this.#onEnd = onEnd;
  }

  read(buffer: Uint8Array): Promise<number | null> {
    return this.#connection.read(buffer);
  }

  write(bytes: Uint8Array): Promise<number> {
    return this.#connection.write(bytes);
  }

  closeWrite(): Promise<void> {
    return this.#connection.closeWrite();
  }

  close(): void {
    this.#onEnd?.();
    this.#onEnd = undefined;
    this.#connection.close();
  }
}
