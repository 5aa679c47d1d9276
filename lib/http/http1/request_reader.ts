/**
 * Finds the head of the next request in what a client has sent, and refuses what is too long before it is
 * whole. Reads nothing by itself, and so knows no time limits. Input comes from strangers.
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

/** Takes one head after another from what has come. What follows a head stays in the input. */
export class RequestReader {
  readonly #input: ClientInput;
  #scanner = new HeadScanner();
  #mayBeEmptyLine = true;
  #hasPart = false;

  constructor(input: ClientInput) {
    this.#input = input;
  }

  /** Whether a part of the next head has come. */
  get hasPart(): boolean {
    return this.#hasPart;
  }

  /** Takes the next head. @returns undefined if more has to come before it is whole. */
  take(): ParsedRequest | RefusedRequest | undefined {
    const input = this.#input;
    if (this.#mayBeEmptyLine && input.bufferedBytes > 0) {
      this.#mayBeEmptyLine = skipEmptyLine(input);
    }
    if (this.#mayBeEmptyLine || input.bufferedBytes === 0) return undefined;
    const request = takeRequest(input, this.#scanner);
    this.#hasPart = request === undefined;
    if (request === undefined) return undefined;
    this.#scanner = new HeadScanner();
    this.#mayBeEmptyLine = true;
    return request;
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
    const text = decodeLatin1(buffered, length);
    input.take(length);
    return parseRequest(text);
  }
  const isLineTooLong = length > TARGET_MAX_BYTES + LINE_REST_BYTES && !buffered.includes(LF);
  return isLineTooLong ? refuse(414, "the target is too long") : undefined;
}
