/**
 * The public sockets. The main isolate opens and owns them, one per address and worker, so that a
 * worker that dies leaves no orphan and whoever takes its place goes on with the same queue of clients.
 * Does I/O; whoever opens them closes them.
 *
 * @module
 */
import { formatHostPort, type TcpAddress } from "../../base/addresses.ts";
import { LISTEN_BACKLOG_MAX } from "../../base/limits.ts";
import type { ListenConfig } from "../../config/config.ts";
import { OPTION, SOCKET_STREAM } from "../../linux/constants.ts";
import { errnoText, LastError } from "../../linux/errno.ts";
import type { Libc } from "../../linux/libc.ts";
import {
  decodeIpAddress,
  encodeIpAddress,
  SOCKADDR_IN6_BYTES,
  socketFamily,
} from "../../linux/socket_address.ts";
import type { BoundAddresses } from "../relay_engine.ts";
import type { PublicSocket } from "./commands.ts";
import { setKeepAlive } from "./keep_alive.ts";

const OFF = int(0);
const ON = int(1);

/** Sockets that listen. Each worker has its own, with its own queue. */
export class PublicSockets {
  readonly bound: BoundAddresses;
  readonly #libc: Libc;
  readonly #lastError: LastError;
  /** By worker. */
  readonly #sockets: PublicSocket[][];

  /**
   * Opens every address once per worker.
   *
   * @throws {Error} If one cannot be opened; none is left open then.
   */
  constructor(libc: Libc, listen: ListenConfig, workers: number) {
    this.#libc = libc;
    this.#lastError = new LastError(libc);
    this.#sockets = Array.from({ length: workers }, () => []);
    try {
      this.bound = {
        https: listen.https.map((address) => this.#openAll(address, true)),
        http: listen.http.map((address) => this.#openAll(address, false)),
      };
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** The sockets of one worker. */
  ofWorker(number: number): readonly PublicSocket[] {
    return this.#sockets[number];
  }

  /** Closes all of them. Clients that wait in a queue are reset. */
  close(): void {
    for (const sockets of this.#sockets) {
      for (const { descriptor } of sockets.splice(0)) this.#libc.close(descriptor);
    }
  }

  #openAll(address: TcpAddress, isTls: boolean): TcpAddress {
    const isShared = this.#sockets.length > 1;
    // Sockets that share a port let in any other of the same user, another Postern for instance: who
    // comes alone first learns whether the port is taken.
    if (isShared && address.port !== 0) this.#libc.close(this.#open(address, false));
    let port = address.port;
    for (const sockets of this.#sockets) {
      const descriptor = this.#open({ ...address, port }, isShared);
      sockets.push({ descriptor, isTls });
      port = this.#portOf(descriptor);
    }
    return { ...address, port };
  }

  /** @returns A descriptor that the caller closes. */
  #open(address: TcpAddress, isShared: boolean): number {
    const { hostname, port } = address;
    const encoded = encodeIpAddress(hostname === "localhost" ? "127.0.0.1" : hostname, port);
    if (encoded === undefined) throw new Error(`${describe(address)}: not an IP address`);
    const descriptor = this.#libc.socket(socketFamily(encoded), SOCKET_STREAM, 0);
    if (descriptor < 0) throw this.#failure(address);
    this.#prepare(descriptor, isShared);
    const isBound = this.#libc.bind(descriptor, encoded, encoded.length) === 0 &&
      this.#libc.listen(descriptor, LISTEN_BACKLOG_MAX) === 0;
    if (isBound) return descriptor;
    const failure = this.#failure(address);
    this.#libc.close(descriptor);
    throw failure;
  }

  /** Connections inherit what is set here, which saves a call for each of them. */
  #prepare(descriptor: number, isShared: boolean): void {
    const set = (level: number, option: number, value: Uint8Array) =>
      this.#libc.setsockopt(descriptor, level, option, value, value.length);
    set(OPTION.SOL_SOCKET, OPTION.SO_REUSEADDR, ON);
    if (isShared) set(OPTION.SOL_SOCKET, OPTION.SO_REUSEPORT, ON);
    // `[::]` takes IPv4 clients too, whatever the host's default is.
    set(OPTION.IPPROTO_IPV6, OPTION.IPV6_V6ONLY, OFF);
    set(OPTION.IPPROTO_TCP, OPTION.TCP_NODELAY, ON);
    setKeepAlive(this.#libc, descriptor);
  }

  #portOf(descriptor: number): number {
    const bytes = new Uint8Array(SOCKADDR_IN6_BYTES);
    const length = int(bytes.length);
    this.#libc.getsockname(descriptor, bytes, length);
    return decodeIpAddress(bytes)!.port;
  }

  #failure(address: TcpAddress): Error {
    return new Error(`${describe(address)}: ${errnoText(this.#lastError.number)}`);
  }
}

function describe({ hostname, port }: TcpAddress): string {
  return `Cannot listen on ${formatHostPort(hostname, port)}`;
}

function int(value: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(new Int32Array([value]).buffer);
}
