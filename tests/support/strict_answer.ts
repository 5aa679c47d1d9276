/**
 * Reads the answers a client got from the text of its connection, strictly, and by rules of its own
 * (RFC 9112 §6.3): what stands behind an answer that has ended belongs to the next one. Pure.
 *
 * @module
 */

/** One answer. */
export interface StrictAnswer {
  readonly kind: "answer";
  readonly status: number;
  /** Names in lower case. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
  /** `part`: more has to come; `until_close`: it ends with the connection. */
  readonly bodyState: "whole" | "part" | "until_close";
  /** Where the next answer begins. */
  readonly end: number;
}

/** What stands at a place of what a client got. */
export type StrictAnswerResult =
  | StrictAnswer
  | { readonly kind: "more" }
  | { readonly kind: "bad"; readonly reason: string };

const STATUS_LINE = /HTTP\/1\.1 ([1-5]\d\d) [\t\x20-\x7e\x80-\xff]*\r\n/y;
const FIELD = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[\t ]*([\t\x20-\x7e\x80-\xff]*?)[\t ]*$/;

/** Reads the answer that begins at `from`. @param method Of its request. */
export function readStrictAnswer(text: string, from: number, method: string): StrictAnswerResult {
  const headEnd = text.indexOf("\r\n\r\n", from);
  if (headEnd < 0) return { kind: "more" };
  STATUS_LINE.lastIndex = from;
  const line = STATUS_LINE.exec(text);
  if (line === null) return { kind: "bad", reason: "status line" };
  const status = Number(line[1]);
  const headers: (readonly [string, string])[] = [];
  const section = text.slice(STATUS_LINE.lastIndex, headEnd + 2);
  for (const field of section.split("\r\n").slice(0, -1)) {
    const match = FIELD.exec(field);
    if (match === null) return { kind: "bad", reason: `field ${JSON.stringify(field)}` };
    headers.push([match[1].toLowerCase(), match[2]]);
  }
  const body = readBody(text, headEnd + 4, { status, headers, method });
  if (typeof body === "string") return { kind: "bad", reason: body };
  return { kind: "answer", status, headers, ...body };
}

type BodyParts = Pick<StrictAnswer, "body" | "bodyState" | "end">;

function readBody(
  text: string,
  from: number,
  { status, headers, method }: Pick<StrictAnswer, "status" | "headers"> & { method: string },
): BodyParts | string {
  const valuesOf = (wanted: string) =>
    headers.filter(([name]) => name === wanted).map(([, value]) => value);
  const lengths = valuesOf("content-length");
  const codings = valuesOf("transfer-encoding");
  if (lengths.length + codings.length > 1) return "framed twice";
  const isBodiless = method === "HEAD" || status < 200 || status === 204 || status === 304;
  if (isBodiless) return { body: "", bodyState: "whole", end: from };
  if (codings.length === 1) {
    return codings[0] === "chunked" ? readChunks(text, from) : "transfer coding";
  }
  if (lengths.length === 0) {
    return { body: text.slice(from), bodyState: "until_close", end: text.length };
  }
  if (!/^\d+$/.test(lengths[0])) return "length";
  const end = from + Number(lengths[0]);
  return { body: text.slice(from, end), bodyState: end <= text.length ? "whole" : "part", end };
}

function readChunks(text: string, from: number): BodyParts | string {
  const size = /([0-9a-f]+)\r\n/y;
  let body = "";
  for (let at = from;;) {
    size.lastIndex = at;
    const match = size.exec(text);
    if (match === null) {
      return text.includes("\n", at) ? "chunk" : { body, bodyState: "part", end: at };
    }
    const start = size.lastIndex;
    const count = parseInt(match[1], 16);
    if (count === 0) {
      if (text.startsWith("\r\n", start)) return { body, bodyState: "whole", end: start + 2 };
      const trailersEnd = text.indexOf("\r\n\r\n", start);
      if (trailersEnd < 0) return { body, bodyState: "part", end: at };
      return { body, bodyState: "whole", end: trailersEnd + 4 };
    }
    if (text.length < start + count + 2) {
      return { body: body + text.slice(start, start + count), bodyState: "part", end: at };
    }
    body += text.slice(start, start + count);
    at = start + count + 2;
    if (text.slice(at - 2, at) !== "\r\n") return "chunk end";
  }
}
