/**
 * Reads the head of the next request from a client, and refuses what is too long before it is whole.
 * Knows no time limits. Does I/O. Input comes from strangers.
 *
 * @module
 */
import { HEAD_MAX_BYTES, TARGET_MAX_BYTES } from "../../base/limits.ts";
import type { ClientInput } from "./client_input.ts";
import { isTokenCode } from "./grammar.ts";
import { HeadScanner } from "./head_scanner.ts";
import { decodeLatin1 } from "./latin1.ts";
import { type ParsedRequest, parseRequest, refuse, type RefusedRequest } from "./parse_request.ts";

const CR = 0x0d;
const LF = 0x0a;

/** A method and a version stand beside the target: nobody's are longer together. */
const LINE_REST_BYTES = 256;

/**
 * Reads one head. What follows it stays in the input.
 *
 * @param onPart Called when a part of a head has come and more has to be waited for.
 * @returns undefined if the client ends its side first.
 */
export async function readRequest(
  input: ClientInput,
  onPart: () => void,
): Promise<ParsedRequest | RefusedRequest | undefined> {
  const scanner = new HeadScanner();
  let mayBeEmptyLine = true;
  for (;;) {
    if (mayBeEmptyLine && input.bufferedBytes > 0) mayBeEmptyLine = skipEmptyLine(input);
    if (!mayBeEmptyLine && input.bufferedBytes > 0) {
      const request = takeRequest(input, scanner);
      if (request !== undefined) return request;
      onPart();
    }
    if (await input.fill() === null) return undefined;
  }
}

/**
 * RFC 9112 §2.2: an empty line before a request is ignored, for some clients end a body with one.
 *
 * @returns Whether it is too early to tell.
 */
function skipEmptyLine(input: ClientInput): boolean {
  const { buffered } = input;
  if (buffered[0] !== CR) return false;
  if (buffered.length === 1) return true;
  if (buffered[1] === LF) input.take(2);
  return false;
}

/** @returns undefined if it is not whole yet. */
function takeRequest(
  input: ClientInput,
  scanner: HeadScanner,
): ParsedRequest | RefusedRequest | undefined {
  const { buffered } = input;
  // Another protocol, TLS for instance: it would never send a line's end.
  if (!isTokenCode(buffered[0])) return refuse(400, "this is not HTTP");
  const scan = scanner.scan(buffered);
  if (scan.kind === "malformed") return refuse(400, "a line of the head ends without CR");
  const length = scan.kind === "end" ? scan.length : buffered.length;
  if (length > HEAD_MAX_BYTES) return refuse(431, "the head is too long");
  if (scan.kind === "end") {
    const text = decodeLatin1(buffered.subarray(0, length));
    input.take(length);
    return parseRequest(text);
  }
  const isLineTooLong = length > TARGET_MAX_BYTES + LINE_REST_BYTES && !buffered.includes(LF);
  return isLineTooLong ? refuse(414, "the target is too long") : undefined;
}
