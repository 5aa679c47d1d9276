/**
 * Writes answers to one client: interim ones, then the final one with as much of its body as is at
 * hand. Does I/O through the output. Input comes from applications.
 *
 * @module
 */
import { discardBody } from "../answer.ts";
import type { HttpDate } from "../http1/http_date.ts";
import type { Answer, HeaderLine } from "../message.ts";
import { answerFields, interimFields } from "./answer_fields.ts";
import { AnswerSender, type AnswerSenderTools } from "./answer_sender.ts";
import { FieldError } from "./hpack/field_encoder.ts";
import type { Stream } from "./stream.ts";

/** Answers to requests of no known method have no body. */
const UNKNOWN_METHOD = "GET";

/** Writes answers. */
export class AnswerWriter {
  readonly #date: HttpDate;
  readonly #tools: AnswerSenderTools;

  constructor(date: HttpDate, tools: AnswerSenderTools) {
    this.#date = date;
    this.#tools = tools;
  }

  /** Writes an interim (1xx) response (RFC 9113 §8.1). @param headers Without hop-by-hop fields. */
  writeInterim(stream: Stream, status: number, headers: readonly HeaderLine[]): void {
    try {
      const fields = interimFields(headers);
      this.#tools.output.fields(stream.id, { status, fields, endsStream: false });
    } catch (error) {
      // It only announces the answer; without it, nothing is lost.
      if (!(error instanceof FieldError)) throw error;
    }
  }

  /**
   * Writes a final answer, or begins to. Takes its body.
   *
   * @throws {FieldError} If its head cannot be written; then nothing has been, and the body is the
   * caller's.
   */
  write(stream: Stream, answer: Answer): void {
    const { streams, output } = this.#tools;
    const { fields, sendsBody } = answerFields(
      stream.method ?? UNKNOWN_METHOD,
      answer,
      this.#date.text,
    );
    const body = sendsBody ? answer.body : undefined;
    const trailers = body instanceof Uint8Array ? answer.trailers : undefined;
    const isEmpty = body === undefined ||
      (body.length === 0 && body instanceof Uint8Array && !trailers?.length);
    output.fields(stream.id, { status: answer.status, fields, endsStream: isEmpty });
    if (isEmpty) {
      if (!sendsBody) discardBody(answer);
      streams.endAnswer(stream);
    } else if (
      !(body instanceof Uint8Array && !trailers?.length && this.#writeWhole(stream, body))
    ) {
      stream.sender = new AnswerSender(
        stream,
        { body, headers: answer.headers, trailers },
        this.#tools,
      );
      stream.sender.start();
    }
  }

  /** Nearly every answer goes so. @returns false if there is no room for it now. */
  #writeWhole(stream: Stream, bytes: Uint8Array): boolean {
    const { budget, output, queue, streams } = this.#tools;
    const { length } = bytes;
    if (length > queue.roomBytes || length > stream.window.bytes) return false;
    output.data(stream.id, bytes, true);
    stream.window.spend(length);
    queue.window.spend(length);
    budget.earnSent(length);
    streams.endAnswer(stream);
    return true;
  }
}
