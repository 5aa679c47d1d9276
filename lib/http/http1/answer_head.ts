/**
 * Encodes the head of an answer (RFC 9112 §4): what the application has said, without the fields that
 * concern one connection only (RFC 9110 §7.6.1), and with those of this one. Pure.
 *
 * @module
 */
import { STATUS_CODES } from "node:http";
import { withoutHopByHop } from "../headers.ts";
import type { Answer, HeaderLine } from "../message.ts";
import type { AnswerFraming } from "./answer_plan.ts";
import { isFieldName } from "./grammar.ts";
import type { HeadWriter } from "./head_writer.ts";

/** What is written beside the answer's own lines. */
export interface AnswerHeadOptions {
  readonly framing: AnswerFraming;
  /** Whether `Connection: close` is written. */
  readonly isLast: boolean;
  /** For an answer without a Date. */
  readonly date: string;
}

/**
 * Encodes the head of a final answer, or of 101.
 *
 * @param writer Has been given a place to write to.
 * @throws {HeadWriterError} If the application has said something that cannot stand in a head.
 */
export function encodeAnswerHead(
  writer: HeadWriter,
  answer: Answer,
  options: AnswerHeadOptions,
): void {
  writeStatusLine(writer, answer.status, answer.reason);
  const isDated = writeLines(writer, withoutHopByHop(answer.headers));
  if (!isDated) writer.line("Date", options.date);
  if (answer.status === 101 || answer.status === 426) writeUpgrade(writer, answer.headers);
  if (options.isLast && answer.status !== 101) writer.raw("Connection: close\r\n");
  if (options.framing.kind === "length") writer.line("Content-Length", options.framing.length);
  if (options.framing.kind === "chunked") writer.raw("Transfer-Encoding: chunked\r\n");
  writer.endLine();
}

/**
 * Encodes an interim (1xx) response.
 *
 * @param headers Without hop-by-hop fields.
 * @throws {HeadWriterError} If it cannot stand in a head.
 */
export function encodeInterimHead(
  writer: HeadWriter,
  status: number,
  headers: readonly HeaderLine[],
): void {
  writeStatusLine(writer, status, "");
  writeLines(writer, headers);
  writer.endLine();
}

function writeStatusLine(writer: HeadWriter, status: number, reason: string): void {
  writer.raw(`HTTP/1.1 ${status} `);
  writer.text(reason === "" ? STATUS_CODES[status] ?? "" : reason);
  writer.endLine();
}

/** The length is written anew: said twice, or beside chunks, each reader would take another one. */
function writeLines(writer: HeadWriter, headers: readonly HeaderLine[]): boolean {
  let isDated = false;
  for (const [name, value] of headers) {
    if (isFieldName(name, "content-length")) continue;
    if (isFieldName(name, "date")) isDated = true;
    writer.line(name, value);
  }
  return isDated;
}

/** Of 101, and of 426, which says what to change to (RFC 9110 §15.5.22). */
function writeUpgrade(writer: HeadWriter, headers: readonly HeaderLine[]): void {
  const lines = headers.filter(([name]) => isFieldName(name, "upgrade"));
  if (lines.length > 0) writer.raw("Connection: Upgrade\r\n");
  for (const [, value] of lines) writer.line("Upgrade", value);
}
