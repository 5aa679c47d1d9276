/**
 * `request_headers` and `response_headers`: lines that are removed, set and added, in this order. Names
 * keep the case in which they are written, and the rest of the lines their order. Pure.
 *
 * @module
 */
import type {
  HeaderChanges,
  HeaderPlaceholder,
  HeaderTemplate,
} from "../../config/message_policies.ts";
import type { Policy } from "../application.ts";
import type { Exchange } from "../exchange.ts";
import type { Answer, HeaderLine } from "../message.ts";
import { withFields, withHeaders } from "./with_fields.ts";
import { dashed, withoutNames } from "./without_names.ts";
import { withoutTrailers } from "./without_trailers.ts";

/** Makes changed header lines; those that are handed in stay as they are. */
export type ChangeHeaders = (lines: readonly HeaderLine[], exchange: Exchange) => HeaderLine[];

/** Makes the line that stands for a request. */
type LineMaker = (exchange: Exchange) => HeaderLine;

/**
 * Prepares changes, once per configuration. Names are the same in any spelling that a server may take for
 * them (see {@linkcode dashed}): what is set beside a client's own `X_User` would not be what counts.
 */
export function compileHeaderChanges({ remove, set, add }: HeaderChanges): ChangeHeaders {
  const gone = new Set(remove.map(dashed));
  const replaced = new Map(set.map((line) => [dashed(line.name), compileLine(line)]));
  const added = add.map(compileLine);
  return (lines, exchange) => {
    const changed: HeaderLine[] = [];
    const placed = new Set<string>();
    for (const line of lines) {
      const name = dashed(line[0]);
      if (gone.has(name)) continue;
      const replacement = replaced.get(name);
      if (replacement === undefined) changed.push(line);
      else if (!placed.has(name)) changed.push(replacement(exchange));
      if (replacement !== undefined) placed.add(name);
    }
    for (const [name, line] of replaced) if (!placed.has(name)) changed.push(line(exchange));
    for (const line of added) changed.push(line(exchange));
    return changed;
  };
}

/** Returns the names of which no line of a message's own is left. */
export function replacedNames({ remove, set }: HeaderChanges): readonly string[] {
  return [...remove, ...set.map(({ name }) => name)];
}

/** The policy of `response_headers`: changes every answer, those of Postern's own included. */
export function changeResponseHeaders(changes: HeaderChanges): Policy {
  const change = compileHeaderChanges(changes);
  const replaced = replacedNames(changes);
  return async (exchange, next) => {
    const answer = await next(withInterimLess(exchange, replaced));
    return withTrailersLess(withHeaders(answer, change(answer.headers, exchange)), replaced);
  };
}

/** What may not stand in the final answer may not be told before it (RFC 9110 §15.2). */
function withInterimLess(exchange: Exchange, names: readonly string[]): Exchange {
  if (names.length === 0) return exchange;
  return withFields(exchange, {
    sendInterim: (status, lines) => exchange.sendInterim(status, withoutNames(lines, names)),
  });
}

/** Nor behind it (§6.5.1). */
function withTrailersLess(answer: Answer, names: readonly string[]): Answer {
  const { body, trailers } = answer;
  if (names.length === 0 || body === undefined) return answer;
  return body instanceof Uint8Array
    ? { ...answer, trailers: trailers && withoutNames(trailers, names) }
    : { ...answer, body: withoutTrailers(body, names) };
}

function compileLine({ name, value }: HeaderTemplate): LineMaker {
  if (value.every((part) => typeof part === "string")) {
    const line: HeaderLine = [name, value.join("")];
    return () => line;
  }
  return (exchange) => [
    name,
    value.map((part) => typeof part === "string" ? part : VALUES[part.placeholder](exchange))
      .join(""),
  ];
}

/** What placeholders stand for. All are checked when a request is read: none can end a line. */
const VALUES: Readonly<Record<HeaderPlaceholder, (exchange: Exchange) => string>> = {
  client_ip: ({ client }) => client.ip,
  host: ({ authority }) => authority,
  scheme: ({ scheme }) => scheme,
};
