/**
 * The end of a connection whose client may still be sending: to close with unread bytes would reset
 * it, and a reset can overtake the answer. So our side is ended, and the client is read from for a
 * while. Does not limit the time, and does not close the connection. Does I/O.
 *
 * @module
 */
import { REQUEST_LINGER_MAX_BYTES } from "../../base/limits.ts";
import type { Connection } from "../connection.ts";
import type { ClientBody } from "./client_body.ts";
import type { ClientInput } from "./client_input.ts";

/** What is ended. */
export interface Lingering {
  readonly connection: Connection;
  readonly input: ClientInput;
  /** Of the last request; whoever reads it is told that it is over. */
  readonly body: ClientBody | undefined;
  /** What is read goes there and is dropped. */
  readonly scratch: Uint8Array;
}

/** Reads until the client ends its side, has gone, or has sent too much. Never rejects. */
export async function linger({ connection, input, body, scratch }: Lingering): Promise<void> {
  try {
    await connection.closeWrite();
    await body?.settle();
    for (let left = REQUEST_LINGER_MAX_BYTES; left > 0;) {
      const count = await input.readInto(scratch);
      if (count === null) return;
      left -= count;
    }
  } catch {
    // It has gone already, which is all that is wanted.
  }
}
