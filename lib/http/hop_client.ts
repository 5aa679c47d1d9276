/**
 * The client at the other end of one hop: who it is, how many of its requests are in flight, and which
 * host it asks for, which is nearly always the one it asked for before. One for each connection to a
 * loopback listener.
 *
 * @module
 */
import type { Endpoint } from "../base/addresses.ts";
import type { Hop } from "../hop/address_book.ts";
import { hostnameOf } from "./authority.ts";
import type { ServerContext } from "./server_context.ts";

/** Where a connection to a loopback listener comes from. */
export interface HopSource {
  readonly hostname: string;
  readonly port: number;
}

/** The client of one connection. */
export class HopClient {
  readonly #context: Pick<ServerContext, "environment" | "port">;
  readonly #source: HopSource;
  #hop: Hop | undefined;
  #authority = "";
  #hostname: string | undefined;

  constructor(context: Pick<ServerContext, "environment" | "port">, source: HopSource) {
    this.#context = context;
    this.#source = source;
  }

  /** Its address; undefined if the connection did not come through the relay. */
  get endpoint(): Endpoint | undefined {
    return this.#find()?.client;
  }

  /**
   * Counts a request in flight, which is to be ended.
   *
   * @returns Whose it is; undefined if the connection did not come through the relay, or the relay has
   * closed it.
   */
  begin(): Endpoint | undefined {
    const hop = this.#find();
    if (hop === undefined || !this.#context.environment.book.begin(hop)) return undefined;
    return hop.client;
  }

  /** Counts a request out that was begun. */
  end(): void {
    const { book, clock } = this.#context.environment;
    if (this.#hop !== undefined) book.end(this.#hop, clock.monotonic());
  }

  /** Returns the hostname of an authority that it asks for, as {@linkcode hostnameOf} does. */
  hostnameOf(authority: string): string | undefined {
    if (authority !== this.#authority) {
      this.#authority = authority;
      this.#hostname = hostnameOf(authority);
    }
    return this.#hostname;
  }

  /** Looked up once; whether the entry is still the same is seen when a request is counted in. */
  #find(): Hop | undefined {
    if (this.#hop !== undefined) return this.#hop;
    const { environment: { book, clock }, port } = this.#context;
    const { hostname: sourceIp, port: sourcePort } = this.#source;
    this.#hop = book.find({ sourceIp, sourcePort, listenerPort: port }, clock.monotonic());
    return this.#hop;
  }
}
