/**
 * Dials a loopback listener for a client and enters the hop into the address book before a byte
 * crosses it.
 *
 * @module
 */
import { Failure } from "../../base/failures.ts";
import { CONNECT_TIMEOUT_MS, HOP_DIALS_MAX } from "../../base/limits.ts";
import { connect } from "../../upstream/connect.ts";
import type { ClientConnection } from "./client_connection.ts";
import { closeQuietly } from "./close_quietly.ts";

/** A dialled hop. Whoever holds it closes the connection and then the slot of the address book. */
export interface OpenHop {
  readonly connection: Deno.Conn;
  readonly slot: number;
}

/**
 * Opens a hop. The kernel may choose a source port whose last hop was closed a moment ago and may
 * still have a request that is being handled; that connection is held while another is dialled, so
 * that the kernel must choose another port.
 *
 * @throws {Failure} If the listener cannot be reached, or no free port was found in 8 dials.
 */
export async function openHop(
  connection: ClientConnection,
  listenerPort: number,
): Promise<OpenHop> {
  const { client, clock, environment: { book, counters }, signal } = connection;
  const address = { kind: "tcp", hostname: "127.0.0.1", port: listenerPort } as const;
  const held: Deno.Conn[] = [];
  try {
    for (let dial = 0; dial < HOP_DIALS_MAX; dial++) {
      const dialled = await connect(address, { clock, timeoutMs: CONNECT_TIMEOUT_MS, signal });
      const source = dialled.localAddr as Deno.NetAddr;
      const key = { sourceIp: source.hostname, sourcePort: source.port, listenerPort };
      const entry = book.open(key, client, clock.monotonic());
      if (entry.kind === "open") return { connection: dialled, slot: entry.slot };
      held.push(dialled);
      counters.add("hop_conflict");
    }
  } finally {
    held.forEach(closeQuietly);
  }
  throw new Failure("exhausted", `no free source port after ${HOP_DIALS_MAX} dials`);
}
