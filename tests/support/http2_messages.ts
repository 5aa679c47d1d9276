/**
 * What tests of messages over HTTP/2 have in common: a connection from its start to its end, and bodies
 * that are read until they end or break off.
 *
 * @module
 */
import assert from "node:assert/strict";
import { Failure } from "../../lib/base/failures.ts";
import type { Exchange } from "../../lib/http/exchange.ts";
import type { Answer, Body, HeaderLine } from "../../lib/http/message.ts";
import { Http2Place } from "./http2_place.ts";

/** Opens a connection, uses it, and sees that nothing of it is left. */
export async function withHttp2Place(
  handler: (exchange: Exchange) => Answer | Promise<Answer>,
  use: (client: Http2Place) => Promise<void>,
): Promise<void> {
  const client = new Http2Place(handler);
  await client.greet();
  await use(client);
  await client.leave();
}

/** An answer with a body that is read piece by piece. */
export function streamed(body: Body, headers: readonly HeaderLine[] = [], status = 200): Answer {
  return { status, reason: "", headers, body };
}

/** Reads a body to its end, or to its failure. @returns The text, with the failure's kind behind it. */
export async function readOrFail({ body }: Exchange): Promise<string> {
  if (body === undefined) return "none";
  let text = "";
  const target = new Uint8Array(1_000);
  try {
    for (let count; (count = await body.read(target)) > 0;) {
      text += new TextDecoder().decode(target.subarray(0, count));
    }
    return `${text}|whole`;
  } catch (error) {
    assert.ok(error instanceof Failure, `${error}`);
    return `${text}|${error.kind}`;
  }
}
