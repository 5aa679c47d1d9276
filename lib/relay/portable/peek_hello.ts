/**
 * Reads from a new connection until its ClientHello says where it wants to go. The bytes are kept
 * and belong to the caller, who forwards them as they came. Input comes from strangers: time and
 * size are limited. Does not close the connection, unless its time is over.
 *
 * @module
 */
import { HELLO_MAX_BYTES, RELAY_SMALL_BUFFER_BYTES } from "../../base/limits.ts";
import type { Clock } from "../../base/clock.ts";
import { type ClientHelloResult, parseClientHello } from "../../tls/client_hello.ts";
import { closeQuietly } from "./close_quietly.ts";
import { Deadline } from "./deadline.ts";

/** What a client turned out to want. */
export interface PeekedHello {
  readonly result:
    | Exclude<ClientHelloResult, { kind: "more" }>
    /** The client ended or reset its stream first. */
    | { readonly kind: "closed" }
    | { readonly kind: "timeout" };
  /** Everything that was read. */
  readonly bytes: Uint8Array;
}

/** Peeks. @param options.timeoutMs From now to the end of the hello; then the connection is closed. */
export async function peekHello(
  connection: Deno.Conn,
  options: { clock: Clock; timeoutMs: number },
): Promise<PeekedHello> {
  using deadline = new Deadline(options.clock, options.timeoutMs, () => closeQuietly(connection));
  let buffer = new Uint8Array(RELAY_SMALL_BUFFER_BYTES);
  let length = 0;
  for (;;) {
    const count = await readSome(connection, buffer.subarray(length));
    if (deadline.passed) return { result: { kind: "timeout" }, bytes: buffer.subarray(0, length) };
    if (count === null) return { result: { kind: "closed" }, bytes: buffer.subarray(0, length) };
    length += count;
    const bytes = buffer.subarray(0, length);
    const result = parseClientHello(bytes, { maxBytes: HELLO_MAX_BYTES });
    if (result.kind !== "more") return { result, bytes };
    // The parser sees it coming; a buffer that cannot grow must still not be read into for ever.
    if (length > HELLO_MAX_BYTES) return { result: { kind: "too_large" }, bytes };
    if (length === buffer.length) buffer = grow(buffer);
  }
}

/** @returns null for a reset as well: before its hello a client has nothing to lose. */
async function readSome(connection: Deno.Conn, buffer: Uint8Array): Promise<number | null> {
  try {
    return await connection.read(buffer);
  } catch {
    return null;
  }
}

function grow(buffer: Uint8Array): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(Math.min(buffer.length * 4, HELLO_MAX_BYTES + 1));
  larger.set(buffer);
  return larger;
}
