/**
 * Servers that say their name to whoever connects, and clients that ask for it, from any address of
 * 127.0.0.0/8. Whoever makes one disposes of it.
 *
 * @module
 */
import { connect, type Socket } from "node:net";
import { withDeadline } from "../../support/deadline.ts";
import { hello } from "./fixture.ts";
import { NAME } from "./open_pair.ts";
import { PATIENCE_MS } from "./peer.ts";

/** Accepts everything, says one letter, and holds the connection until the other side ends it. */
export class NamedServer implements Disposable {
  readonly port: number;
  readonly #listener: Deno.TcpListener;
  readonly #connections = new Set<Deno.Conn>();

  /** @param name One ASCII letter. @param port Of 127.0.0.1; by default any that is free. */
  constructor(name: string, port = 0) {
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port });
    this.port = this.#listener.addr.port;
    void this.#accept(new TextEncoder().encode(name));
  }

  /** Refuses connections from now on, also those that are open. */
  [Symbol.dispose](): void {
    this.#listener.close();
    this.#connections.forEach((connection) => connection.close());
  }

  async #accept(name: Uint8Array): Promise<void> {
    try {
      for await (const connection of this.#listener) void this.#serve(connection, name);
    } catch (error) {
      if (!(error instanceof Deno.errors.BadResource)) throw error; // Closed while accepting.
    }
  }

  async #serve(connection: Deno.Conn, name: Uint8Array): Promise<void> {
    this.#connections.add(connection);
    try {
      await connection.write(name);
      const buffer = new Uint8Array(4096);
      while (await connection.read(buffer) !== null);
      connection.close();
    } catch {
      // Reset by the other side, or closed with the server.
    }
    this.#connections.delete(connection);
  }
}

/** Servers named a, b, c and so on. */
export class NamedServers implements Disposable {
  readonly all: readonly NamedServer[];

  constructor(count: number) {
    this.all = Array.from({ length: count }, (_, index) => new NamedServer("abcdefgh"[index]));
  }

  /** In order. */
  get ports(): number[] {
    return this.all.map(({ port }) => port);
  }

  [Symbol.dispose](): void {
    for (const server of this.all) {
      try {
        server[Symbol.dispose]();
      } catch (error) {
        if (!(error instanceof Deno.errors.BadResource)) throw error; // Closed by the test itself.
      }
    }
  }
}

/** A client that has been let in, or refused. */
export interface Guest extends Disposable {
  /** The letter of its server; empty if the connection ended or began with an alert. */
  readonly name: string;
}

/** Connects to a port, says hello and waits for the name. @param source An address of 127.0.0.0/8. */
export async function visit(port: number, source = "127.0.0.1"): Promise<Guest> {
  const socket = connect({ host: "127.0.0.1", port, localAddress: source });
  socket.write(hello(NAME));
  const name = await withDeadline(firstLetter(socket), PATIENCE_MS, () => "a server's name");
  return { name, [Symbol.dispose]: () => void socket.destroy() };
}

/** Visits and leaves, one after the other. @returns The names, in order. */
export async function visitOften(port: number, times: number, source?: string): Promise<string> {
  let names = "";
  for (let time = 0; time < times; time++) {
    using guest = await visit(port, source);
    names += guest.name;
  }
  return names;
}

/** Counts letters: `{ a: 2, b: 1 }`. */
export function countNames(names: Iterable<string>): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

function firstLetter(socket: Socket): Promise<string> {
  return new Promise((resolve) => {
    socket.once("data", (bytes: Uint8Array) => resolve(letterOf(bytes[0])));
    socket.once("close", () => resolve(""));
    // What follows an error is the close.
    socket.on("error", () => {});
  });
}

function letterOf(byte: number): string {
  return byte >= 0x61 && byte <= 0x7a ? String.fromCharCode(byte) : "";
}
