/**
 * One client connection from accept to its record: what the phases of its service share, and its
 * two sides, which are closed here at the latest. Knows nothing of what is served.
 *
 * @module
 */
import { type Endpoint, formatEndpoint } from "../../base/addresses.ts";
import type { Clock } from "../../base/clock.ts";
import { errorText } from "../../base/failures.ts";
import type { ServerConfig } from "../../config/config.ts";
import type { ConnectionEnd, ConnectionRecord, RelayEnvironment } from "../relay_engine.ts";
import { closeQuietly } from "./close_quietly.ts";
import type { Transfer } from "./join.ts";

/** What the record will say; filled in as it becomes known. */
type Known = {
  -readonly [
    Field in "serverName" | "routeIndex" | "server" | "reason"
  ]: ConnectionRecord[Field];
};

/** Serves one connection and says how it ended. May throw only for a defect. */
export type Service = (connection: ClientConnection) => Promise<ConnectionEnd>;

/** A connection that was accepted. States: being served, cut, recorded (terminal). Used once. */
export class ClientConnection {
  readonly socket: Deno.TcpConn;
  /** Where it comes from; IPv4 is not mapped. */
  readonly client: Endpoint;
  readonly environment: RelayEnvironment;
  /** For time limits; the environment's own is for moments that others compare. */
  readonly clock: Clock;
  readonly transfer: Transfer;
  readonly known: Known = {
    serverName: undefined,
    routeIndex: undefined,
    server: undefined,
    reason: undefined,
  };
  /** The hello's `legacyVersion`, which an alert must fit; undefined before there is a hello. */
  legacyVersion: number | undefined;
  /** The server that counts this connection as its own, if one does. */
  #server: ServerConfig | undefined;
  /** The other side, once there is one. */
  upstream: Deno.Conn | undefined;
  readonly #startedAt: number;
  readonly #cutting = new AbortController();

  /** @param socket Becomes this object's to close. */
  constructor(
    socket: Deno.TcpConn,
    client: Endpoint,
    options: { environment: RelayEnvironment; clock: Clock },
  ) {
    this.socket = socket;
    this.client = client;
    this.environment = options.environment;
    this.clock = options.clock;
    this.#startedAt = this.clock.monotonic();
    this.transfer = { bytesUp: 0, bytesDown: 0, lastByteAt: this.#startedAt };
  }

  /** Aborted when the connection is cut: whoever waits for something but a byte must heed it. */
  get signal(): AbortSignal {
    return this.#cutting.signal;
  }

  /** Counts the connection as a server's until it has ended, or is another one's, or nobody's. */
  countFor(server: ServerConfig | undefined): void {
    const { balancer } = this.environment;
    if (this.#server !== undefined) balancer.end(this.#server);
    this.#server = server;
    if (server !== undefined) balancer.begin(server);
  }

  /** Ends the connection now, whatever it waits for. */
  cut(): void {
    this.#cutting.abort();
    this.#close();
  }

  /** Runs the service to its end, closes both sides and hands over the record. Never throws. */
  async serve(service: Service): Promise<void> {
    const end = await this.#run(service);
    this.#close();
    this.countFor(undefined);
    if (end === "idle_timeout" || end === "request_timeout") this.environment.counters.add(end);
    try {
      this.environment.record?.(this.#record(end));
    } catch (error) {
      this.complain("Cannot record connection", error);
    }
  }

  /** Notes the error for the record, and in the log, where a stranger cannot repeat it at will. */
  complain(sentence: string, error: unknown): void {
    const { log, sampler } = this.environment;
    this.known.reason = errorText(error);
    if (sampler.admit(sentence) === undefined) return;
    log.error(sentence, { client: formatEndpoint(this.client), error: errorText(error) });
  }

  async #run(service: Service): Promise<ConnectionEnd> {
    try {
      const end = await service(this);
      return this.signal.aborted ? "drained" : end;
    } catch (error) {
      // A defect of ours must not take the other connections along.
      this.complain("Cannot serve connection", error);
      return "refused";
    }
  }

  #close(): void {
    closeQuietly(this.socket);
    if (this.upstream !== undefined) closeQuietly(this.upstream);
  }

  #record(end: ConnectionEnd): ConnectionRecord {
    const { bytesUp, bytesDown } = this.transfer;
    const durationMs = this.clock.monotonic() - this.#startedAt;
    return { ...this.known, client: this.client, bytesUp, bytesDown, durationMs, end };
  }
}
