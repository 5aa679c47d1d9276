/**
 * Joins a client and a server that have switched to another protocol: bytes both ways, whatever they
 * mean. An end in one direction is passed on and the other goes on (half-close); when both have ended,
 * or one side breaks, both connections are closed. A slow reader holds its writer back. Does I/O.
 *
 * @module
 */
import type { Clock } from "../../base/clock.ts";
import { UPGRADED_IDLE_TIMEOUT_MS } from "../../base/limits.ts";
import { fitRelayBuffer, makeRelayBuffer } from "../../base/relay_buffer.ts";
import { Turns } from "../../base/turns.ts";
import { Watchdog } from "../../base/watchdog.ts";
import type { Connection } from "../connection.ts";

/** One side of a tunnel. */
export interface TunnelEnd {
  readonly connection: Connection;
  /** What was read from it before the tunnel began, in its order. Never rejects. */
  readonly initial: readonly (Uint8Array | Promise<Uint8Array>)[];
}

/** What ended a tunnel: both sides in good order, one of them not, or silence of both. */
export type TunnelResult = "ended" | "broken" | "idle";

/** Joins two ends until the tunnel is over. Closes both connections. Never rejects. */
export async function joinTunnel(
  client: TunnelEnd,
  server: TunnelEnd,
  clock: Clock,
): Promise<TunnelResult> {
  return await new TunnelRun(client, server, clock).result();
}

/** States: both directions open, one open, none open; closed (terminal). */
class TunnelRun {
  readonly #client: TunnelEnd;
  readonly #server: TunnelEnd;
  readonly #idle: Watchdog;
  #result: TunnelResult | undefined;

  constructor(client: TunnelEnd, server: TunnelEnd, clock: Clock) {
    this.#client = client;
    this.#server = server;
    this.#idle = new Watchdog(clock, () => this.#close("idle"));
  }

  async result(): Promise<TunnelResult> {
    this.#idle.set(UPGRADED_IDLE_TIMEOUT_MS);
    await Promise.all([
      this.#copy(this.#client, this.#server.connection),
      this.#copy(this.#server, this.#client.connection),
    ]);
    this.#close("ended");
    return this.#result ?? "ended";
  }

  /** Copies one way until its source ends or one side breaks. Never rejects. */
  async #copy({ connection: from, initial }: TunnelEnd, to: Connection): Promise<void> {
    try {
      for (const part of initial) {
        const bytes = await part;
        if (bytes.length > 0) await this.#write(to, bytes);
      }
      const turns = new Turns();
      let buffer = makeRelayBuffer();
      for (let count = await from.read(buffer); count !== null; count = await from.read(buffer)) {
        await this.#write(to, count === buffer.length ? buffer : buffer.subarray(0, count));
        await turns.take(count);
        buffer = fitRelayBuffer(buffer, count);
      }
      await to.closeWrite();
    } catch {
      // Either side: what the other still says has nobody to go to, or nobody to come from.
      this.#close("broken");
    }
  }

  async #write(to: Connection, bytes: Uint8Array): Promise<void> {
    let written = await to.write(bytes);
    while (written < bytes.length) {
      this.#idle.set(UPGRADED_IDLE_TIMEOUT_MS);
      written += await to.write(bytes.subarray(written));
    }
    this.#idle.set(UPGRADED_IDLE_TIMEOUT_MS);
  }

  #close(result: TunnelResult): void {
    if (this.#result !== undefined) return;
    this.#result = result;
    this.#idle.stop();
    for (const { connection } of [this.#client, this.#server]) {
      try {
        connection.close();
      } catch {
        // The runtime had closed it, which is all that is wanted.
      }
    }
  }
}
