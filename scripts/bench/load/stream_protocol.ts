/**
 * What the stream client and the stream backend agree on: a ClientHello that names what the backend
 * shall do, then plain bytes. A passthrough proxy looks at nothing behind the hello, so no TLS has to
 * be spoken, and the load costs less than the proxies that are measured. Pure.
 *
 * @module
 */
import { buildClientHello } from "../../../tests/support/client_hello_builder.ts";

/** What the backend does with the bytes behind the hello. */
export type Behaviour =
  /** Sends each byte back. */
  | "echo"
  /**
   * Reads a count and as many bytes, then answers with what it has read. The end of the stream would
   * serve as well, but nginx does not pass on one direction's end unless it is told to.
   */
  | "sink"
  /** Reads a count, sends as many bytes and ends its stream. */
  | "source";

/** Every behaviour. */
export const BEHAVIOURS: readonly Behaviour[] = ["echo", "sink", "source"];

/** A count on the wire: 64 bits, most significant byte first. */
export const COUNT_BYTES = 8;

/** Bytes of one write or read of bulk data; large, so that the load's own cost stays small. */
export const BULK_BYTES = 256 * 1024;

/** Bytes of hello a client without post-quantum key shares sends, padded as RFC 7685 has it. */
const HELLO_BYTES = 512;

/** Returns the server name under which the proxies route to a behaviour. */
export function serverNameOf(behaviour: Behaviour): string {
  return `${behaviour}.bench.test`;
}

/** Builds the hello that asks for a behaviour. */
export function helloFor(behaviour: Behaviour): Uint8Array<ArrayBuffer> {
  return buildClientHello({ serverName: serverNameOf(behaviour), padTo: HELLO_BYTES });
}

/** Returns one of the server names that only fill the route table; their routes lead to `echo`. */
export function tableNameOf(index: number): string {
  return `host-${index}.table.bench.test`;
}

/** Builds the hello that asks for `echo` by one of these names. */
export function tableHelloFor(index: number): Uint8Array<ArrayBuffer> {
  return buildClientHello({ serverName: tableNameOf(index), padTo: HELLO_BYTES });
}

/** Encodes a count. @param count A safe integer from 0 on. */
export function encodeCount(count: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(COUNT_BYTES);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(count));
  return bytes;
}

/** Decodes a count from the first 8 bytes. */
export function decodeCount(bytes: Uint8Array): number {
  return Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0));
}
