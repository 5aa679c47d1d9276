/**
 * What a server must do with frames that are right, odd or wrong, as cases: a client sends, and a
 * verdict looks at what became of it. An error of a connection must end it with GOAWAY, one of a stream
 * must leave the others alone. No rule may be broken meanwhile.
 *
 * @module
 */
import assert from "node:assert/strict";
import { Failure } from "../../lib/base/failures.ts";
import type { Exchange } from "../../lib/http/exchange.ts";
import type { Answer } from "../../lib/http/message.ts";
import { readText } from "./exchanges.ts";
import { textAnswer } from "./http1_place.ts";
import { CODE, encodeHead, pseudoFields, type RawSetting } from "./http2_frames.ts";
import { HTTP2_HOST, Http2Place } from "./http2_place.ts";

/** Looks at what became of a case. */
export type Verdict = (client: Http2Place) => void | Promise<void>;

/** One case. */
export interface ConformanceCase {
  /** Section of RFC 9113, or of RFC 7541 where so named, and what the client does. */
  readonly what: string;
  readonly play: (client: Http2Place) => void | Promise<void>;
  readonly seen: Verdict;
  /** The client's first settings. */
  readonly settings?: readonly RawSetting[];
  /** Whether the client greets before it plays; default true. */
  readonly greets?: boolean;
}

/** The name of a code. */
export type CodeName = keyof typeof CODE;

/** The stream on which a client asks whether it is still served. */
const LATER_STREAM = 100_001;

/** Milliseconds after which a connection with an error is closed, whoever does not close it. */
const LINGER_MS = 10_000;

/** Registers a test for each case. */
export function testConformance(cases: readonly ConformanceCase[]): void {
  for (const { what, play, seen, settings, greets = true } of cases) {
    Deno.test(`HTTP/2 ${what}`, async () => {
      const client = new Http2Place(conformanceHandler);
      if (greets) await client.greet(settings);
      await play(client);
      await client.settle();
      await seen(client);
      await client.leave();
    });
  }
}

/** GOAWAY with one of the codes, and the end of the connection (RFC 9113 §5.4.1). */
export function connectionError(...names: readonly CodeName[]): Verdict {
  return async (client) => {
    expectCode(client.witness.goaway?.code, names, client);
    await client.clock.advance(LINGER_MS);
    assert.equal(client.wire.isClosed, true, "it is closed");
  };
}

/** The end of the connection, with GOAWAY or without (RFC 9113 §3.4). */
export function closed(): Verdict {
  return async (client) => {
    await client.clock.advance(LINGER_MS);
    assert.equal(client.wire.isClosed, true, client.witness.describe());
  };
}

/** RST_STREAM with one of the codes and nothing else, or GOAWAY with one (RFC 9113 §5.4.2). */
export function streamError(stream: number, ...names: readonly CodeName[]): Verdict {
  return async (client) => {
    if (client.witness.goaway !== undefined) return await connectionError(...names)(client);
    expectCode(client.witness.stream(stream).resetCode, names, client);
    await goesOn(client);
  };
}

/** A whole answer, and the connection goes on. @param body Text; undefined = any. */
export function answered(stream: number, status = 200, body?: string): Verdict {
  return async (client) => {
    const seen = client.witness.stream(stream);
    const describe = client.witness.describe();
    assert.deepEqual([seen.head?.status, seen.isEnded], [status, true], describe);
    if (body !== undefined) assert.equal(seen.body, body);
    await goesOn(client);
  };
}

/** The first verdict that holds is enough. */
export function anyOf(...verdicts: readonly Verdict[]): Verdict {
  return async (client) => {
    const errors: unknown[] = [];
    for (const verdict of verdicts) {
      try {
        return await verdict(client);
      } catch (error) {
        errors.push(error);
      }
    }
    throw errors[0];
  };
}

/** The connection goes on: another request is answered. */
export async function goesOn(client: Http2Place): Promise<void> {
  assert.equal(client.witness.goaway, undefined, client.witness.describe());
  client.send(encodeHead(LATER_STREAM, pseudoFields(HTTP2_HOST)));
  await client.settle();
  const { head, isEnded, body } = client.witness.stream(LATER_STREAM);
  assert.equal(head?.status, 200, client.witness.describe());
  // Windows that the client has not opened hold bytes back.
  assert.equal(isEnded || body.length < 2, true);
}

/**
 * Answers with what was sent, after all of it has been read. `/wait` never answers, `/bytes/9` answers
 * with nine bytes, `/early` before it has read anything.
 */
export async function conformanceHandler(exchange: Exchange): Promise<Answer> {
  const { body, signal, target } = exchange;
  if (target === "/early") return textAnswer("early", 413);
  if (target === "/wait") {
    await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
  }
  if (target.startsWith("/bytes/")) return textAnswer("x".repeat(Number(target.slice(7))));
  if (body === undefined) return textAnswer("ok");
  try {
    return textAnswer(await readText({ body }));
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return textAnswer(error.kind, error.status === 499 ? 400 : error.status);
  }
}

function expectCode(code: number | undefined, names: readonly CodeName[], client: Http2Place) {
  const wanted = names.map((name) => CODE[name] as number);
  assert.ok(
    code !== undefined && wanted.includes(code),
    `${code}, not ${names}: ${client.witness.describe()}`,
  );
}
