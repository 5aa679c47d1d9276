/**
 * A program: the clients and the terminator of many hops at once, in a process of its own, since each
 * hop takes two descriptors on this side as well.
 *
 *     hop_load.ts <relay's port> <how many> <file>
 *
 * Prints `sink <port>`, where the terminator listens, opens so many connections, writes a line of
 * `<source address> <source port> <client's address> <client's port>` for each of them to the file, as
 * the terminator and the client see them, and prints `open`. Holds them until it is ended.
 *
 * @module
 */
import { LISTEN_BACKLOG_MAX } from "../../../lib/base/limits.ts";
import { FAMILY, OPTION } from "../../../lib/linux/constants.ts";
import { errnoText, LastError } from "../../../lib/linux/errno.ts";
import { type Libc, openLibc } from "../../../lib/linux/libc.ts";
import {
  decodeIpAddress,
  encodeIpAddress,
  SOCKADDR_IN6_BYTES,
} from "../../../lib/linux/socket_address.ts";
import { parseClientHello } from "../../../lib/tls/client_hello.ts";
import { buildClientHello } from "../../support/client_hello_builder.ts";

/** A blocking stream socket: this program waits for one thing at a time. */
const BLOCKING_STREAM = 1;

/** Whoever started this has gone by then. */
const HELD_MAX_MS = 120_000;

/** Connections that wait to be relayed at one time; less than any queue has room for. */
const BATCH = 200;

const ON = new Uint8Array(new Int32Array([1]).buffer);

/** A socket address as text. */
interface Named {
  readonly ip: string;
  readonly port: number;
}

/** System calls that have to succeed. */
class Sockets {
  readonly #libc: Libc;
  readonly #lastError: LastError;
  readonly #bytes = new Uint8Array(SOCKADDR_IN6_BYTES);
  readonly #length = new Uint8Array(4);

  constructor(libc: Libc) {
    this.#libc = libc;
    this.#lastError = new LastError(libc);
  }

  /** Listens on a free port of 127.0.0.1. */
  listen(): number {
    const descriptor = this.#open("127.0.0.1");
    this.#check(this.#libc.listen(descriptor, LISTEN_BACKLOG_MAX), "listen");
    return descriptor;
  }

  /** Connects from an address of this host and any port. */
  connect(sourceIp: string, port: number): number {
    const descriptor = this.#open(sourceIp);
    const to = encodeIpAddress("127.0.0.1", port)!;
    this.#check(this.#libc.connect(descriptor, to, to.length), `connect from ${sourceIp}`);
    return descriptor;
  }

  /** Waits for a connection. */
  accept(listener: number): { descriptor: number; peer: Named } {
    this.#prepare();
    const descriptor = this.#libc.accept4(listener, this.#bytes, this.#length, 0);
    this.#check(descriptor, "accept");
    return { descriptor, peer: decodeIpAddress(this.#bytes)! };
  }

  nameOf(descriptor: number): Named {
    this.#prepare();
    this.#check(this.#libc.getsockname(descriptor, this.#bytes, this.#length), "getsockname");
    return decodeIpAddress(this.#bytes)!;
  }

  send(descriptor: number, bytes: Uint8Array): void {
    this.#check(this.#libc.send(descriptor, bytes, bytes.length, 0), "send");
  }

  /** Waits for bytes. @returns How many. */
  receive(descriptor: number, into: Uint8Array): number {
    const count = this.#libc.recv(descriptor, into, into.length, 0);
    this.#check(count - 1, "receive");
    return count;
  }

  #open(ip: string): number {
    const descriptor = this.#libc.socket(FAMILY.inet, BLOCKING_STREAM, 0);
    this.#check(descriptor, "socket");
    const { IP_BIND_ADDRESS_NO_PORT, IPPROTO_IP } = OPTION;
    this.#libc.setsockopt(descriptor, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, ON, ON.length);
    const address = encodeIpAddress(ip, 0)!;
    this.#check(this.#libc.bind(descriptor, address, address.length), `bind to ${ip}`);
    return descriptor;
  }

  #prepare(): void {
    this.#length[0] = this.#bytes.length;
  }

  #check(result: number, what: string): void {
    if (result >= 0) return;
    throw new Error(`${what}: ${errnoText(this.#lastError.number)}`);
  }
}

/** Clients and the hops that they become. */
class Load {
  readonly #sockets: Sockets;
  readonly #sink: number;
  readonly #clients: Named[] = [];
  /** Lines of the file. */
  readonly hops: string[] = [];
  readonly #buffer = new Uint8Array(4_096);

  constructor(sockets: Sockets) {
    this.#sockets = sockets;
    this.#sink = sockets.listen();
  }

  get sinkPort(): number {
    return this.#sockets.nameOf(this.#sink).port;
  }

  /** Opens `count` connections, each by a name that says which it is. */
  open(port: number, count: number): void {
    for (let done = 0; done < count;) {
      const batch = Math.min(BATCH, count - done);
      for (let index = done; index < done + batch; index++) this.#connect(port, index);
      for (let index = 0; index < batch; index++) this.#accept();
      done += batch;
    }
  }

  /** 256 connections from each address, 127.0.0.1 at first, and none from those that the relay uses. */
  #connect(port: number, index: number): void {
    const ip = `127.0.${index >> 15}.${1 + (index >> 8 & 0x7f)}`;
    const descriptor = this.#sockets.connect(ip, port);
    this.#clients.push(this.#sockets.nameOf(descriptor));
    const serverName = `c${index}.example`;
    this.#sockets.send(descriptor, buildClientHello({ serverName, alpn: ["http/1.1"] }));
  }

  #accept(): void {
    const { descriptor, peer } = this.#sockets.accept(this.#sink);
    const client = this.#clients[this.#readName(descriptor)];
    this.hops.push(`${peer.ip} ${peer.port} ${client.ip} ${client.port}`);
  }

  #readName(descriptor: number): number {
    for (let filled = 0;;) {
      filled += this.#sockets.receive(descriptor, this.#buffer.subarray(filled));
      const hello = parseClientHello(this.#buffer.subarray(0, filled), { maxBytes: 4_096 });
      if (hello.kind === "hello") return Number(/\d+/.exec(hello.serverName ?? "")![0]);
      if (hello.kind !== "more") throw new Error(`A hop began with something ${hello.kind}`);
    }
  }
}

const libc = openLibc();
if (typeof libc === "string") throw new Error(libc);
const [port, count, file] = Deno.args;
const load = new Load(new Sockets(libc));
console.log(`sink ${load.sinkPort}`);
load.open(Number(port), Number(count));
Deno.writeTextFileSync(file, load.hops.join("\n"));
console.log("open");
setTimeout(() => Deno.exit(1), HELD_MAX_MS);
