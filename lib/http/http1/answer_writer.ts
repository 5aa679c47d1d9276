/**
 * Writes answers to one client: interim ones, then the final one with its body, as much as is at hand
 * in one write. Does I/O. Does not close the connection.
 *
 * @module
 */
import { CLIENT_WRITE_TIMEOUT_MS } from "../../base/limits.ts";
import { Turns } from "../../base/turns.ts";
import type { Watchdog } from "../../base/watchdog.ts";
import { bodyOf, discardBody } from "../answer.ts";
import type { Connection } from "../connection.ts";
import type { Answer, HeaderLine } from "../message.ts";
import { encodeAnswerHead, encodeInterimHead } from "./answer_head.ts";
import { type AnswerPlan, planAnswer } from "./answer_plan.ts";
import type { BufferPool } from "./buffer_pool.ts";
import { type HeadWriter, HeadWriterError } from "./head_writer.ts";
import type { HttpDate } from "./http_date.ts";
import type { ParsedRequest } from "./parse_request.ts";
import { type BodyOutput, writeBody } from "./write_body.ts";

/** What all connections of a server write with. */
export interface AnswerTools {
  readonly buffers: BufferPool;
  readonly date: HttpDate;
  readonly headWriter: HeadWriter;
}

/** Writes one answer after another. */
export class AnswerWriter {
  readonly #connection: Connection;
  readonly #tools: AnswerTools;
  readonly #limit: Watchdog;
  /** A client may send and take more without a pause. */
  readonly #turns = new Turns();
  /** Interim responses that are on their way. */
  #interim: Promise<void> | undefined;

  /** @param limit Ends the connection if the client takes no bytes for too long. */
  constructor(connection: Connection, tools: AnswerTools, limit: Watchdog) {
    this.#connection = connection;
    this.#tools = tools;
    this.#limit = limit;
  }

  /**
   * Writes an interim (1xx) response, after those before it. Never rejects: what could not be written
   * shows with the final answer.
   *
   * @param headers Without hop-by-hop fields.
   */
  writeInterim(status: number, headers: readonly HeaderLine[]): Promise<void> {
    const { headWriter } = this.#tools;
    const buffer = this.#tools.buffers.take();
    headWriter.begin(buffer);
    try {
      encodeInterimHead(headWriter, status, headers);
    } catch (error) {
      this.#tools.buffers.give(buffer);
      // It only announces the answer; without it, nothing is lost.
      if (error instanceof HeadWriterError) return Promise.resolve();
      throw error;
    }
    return this.#interim = this.#writeAfter(this.#interim, buffer, headWriter.end);
  }

  /**
   * Writes a final answer, or the head of 101. Takes the answer's body, and leaves it the tunnel.
   *
   * @param isLast Whether the connection is closed after it.
   * @returns Whether all of it has been written; if not, the connection is to be cut.
   * @throws {HeadWriterError} If its head cannot be written; then nothing has been.
   */
  async write(
    request: Pick<ParsedRequest, "method" | "version">,
    answer: Answer,
    isLast: boolean,
  ): Promise<boolean> {
    const plan = planAnswer(request, answer);
    const buffer = this.#tools.buffers.take();
    const headBytes = this.#encodeHead(buffer, answer, { plan, isLast });
    let isWhole = false;
    try {
      if (this.#interim !== undefined) await this.#interim;
      this.#interim = undefined;
      await this.#writeAll(answer, plan, { buffer, headBytes });
      isWhole = true;
    } catch {
      // The client has gone, or the body broke off, which whoever reads it from an upstream reports.
    }
    this.#limit.lift();
    // Else a read of the body may still be on its way into it.
    if (isWhole) this.#tools.buffers.give(buffer);
    if (!isWhole || (!plan.sendsBody && answer.status !== 101)) discardBody(answer);
    return isWhole;
  }

  #encodeHead(
    buffer: Uint8Array<ArrayBuffer>,
    answer: Answer,
    { plan, isLast }: { readonly plan: AnswerPlan; readonly isLast: boolean },
  ): number {
    const { buffers, date, headWriter } = this.#tools;
    headWriter.begin(buffer);
    try {
      encodeAnswerHead(headWriter, answer, { framing: plan.framing, isLast, date: date.text });
      if (headWriter.end > buffer.length) throw new HeadWriterError("the head is too long");
      return headWriter.end;
    } catch (error) {
      buffers.give(buffer);
      discardBody(answer);
      throw error;
    }
  }

  #writeAll(
    { body, headers, trailers }: Answer,
    { framing, sendsBody }: AnswerPlan,
    { buffer, headBytes }: Pick<BodyOutput, "buffer" | "headBytes">,
  ): Promise<void> {
    if (body === undefined || !sendsBody) return this.#send(buffer.subarray(0, headBytes));
    const isBytes = body instanceof Uint8Array;
    if (isBytes && framing.kind !== "chunked") return this.#writeBytes(body, buffer, headBytes);
    const output: BodyOutput = { framing, headers, buffer, headBytes, send: this.#send };
    return writeBody(isBytes ? bodyOf(body, trailers) : body, output);
  }

  #writeBytes(bytes: Uint8Array, buffer: Uint8Array, headBytes: number): Promise<void> {
    const end = headBytes + bytes.length;
    if (end > buffer.length) return this.#sendBoth(buffer.subarray(0, headBytes), bytes);
    buffer.set(bytes, headBytes);
    return this.#send(buffer.subarray(0, end));
  }

  async #sendBoth(head: Uint8Array, bytes: Uint8Array): Promise<void> {
    await this.#send(head);
    await this.#send(bytes);
  }

  async #writeAfter(
    before: Promise<void> | undefined,
    buffer: Uint8Array<ArrayBuffer>,
    length: number,
  ): Promise<void> {
    await before;
    try {
      await this.#send(buffer.subarray(0, length));
    } catch {
      // The client has gone: whoever reads from it, or writes to it next, finds out.
    }
    this.#limit.lift();
    this.#tools.buffers.give(buffer);
  }

  readonly #send = async (bytes: Uint8Array): Promise<void> => {
    this.#limit.set(CLIENT_WRITE_TIMEOUT_MS);
    let written = await this.#connection.write(bytes);
    while (written < bytes.length) {
      this.#limit.set(CLIENT_WRITE_TIMEOUT_MS);
      written += await this.#connection.write(bytes.subarray(written));
    }
    const turn = this.#turns.take(written);
    if (turn !== undefined) await turn;
  };
}
