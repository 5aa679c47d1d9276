/**
 * As much of HTTP/2 (RFC 9113) as a connection needs that makes one request and then stays open: the
 * preface, SETTINGS, one HEADERS frame, and the frames until the answer's end. Does I/O; closes nothing.
 *
 * @module
 */
import { readWhole, writeWhole } from "./wire.ts";

const PREFACE = new TextEncoder().encode("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

/** RFC 9113 §6. */
const FRAME = { headers: 1, data: 0, settings: 4, ping: 6, goaway: 7 } as const;
const FLAG = { ack: 1, endStream: 1, endHeaders: 4 } as const;
const FRAME_HEAD_BYTES = 9;

/** HPACK's static table (RFC 7541 Appendix A): `:method: GET`, `:scheme: https`, `:path: /`. */
const GET_HTTPS_ROOT = [0x82, 0x87, 0x84];
/** Literal without indexing whose name is entry 1, `:authority`. */
const AUTHORITY = 0x01;
/** Index 8, `:status: 200`: the first byte of a good answer's field section. */
const STATUS_200 = 0x88;

/** Encodes one frame. @param stream 0 for the connection. */
export function encodeFrame(
  { type, flags, stream }: { type: number; flags: number; stream: number },
  payload: readonly number[] = [],
): Uint8Array {
  const length = payload.length;
  return Uint8Array.from([
    ...[length >> 16 & 0xff, length >> 8 & 0xff, length & 0xff, type, flags],
    ...[stream >> 24 & 0x7f, stream >> 16 & 0xff, stream >> 8 & 0xff, stream & 0xff],
    ...payload,
  ]);
}

/** Opens the connection's HTTP/2 and makes its first request. @throws {Error} If it is not a 200. */
export async function requestOverHttp2(connection: Deno.Conn, hostname: string): Promise<void> {
  const name = new TextEncoder().encode(hostname);
  const fields = [...GET_HTTPS_ROOT, AUTHORITY, name.length, ...name];
  const end = FLAG.endStream | FLAG.endHeaders;
  const pieces = [
    PREFACE,
    encodeFrame({ type: FRAME.settings, flags: 0, stream: 0 }),
    encodeFrame({ type: FRAME.headers, flags: end, stream: 1 }, fields),
  ];
  await writeWhole(connection, Uint8Array.from(pieces.flatMap((piece) => [...piece])));
  while (!await readFrame(connection));
}

/** @returns Whether the answer has ended with it. */
async function readFrame(connection: Deno.Conn): Promise<boolean> {
  const head = new Uint8Array(FRAME_HEAD_BYTES);
  await readWhole(connection, head);
  const view = new DataView(head.buffer);
  const payload = new Uint8Array(view.getUint32(0) >>> 8);
  await readWhole(connection, payload);
  const [type, flags, stream] = [head[3], head[4], view.getUint32(5)];
  if (type === FRAME.goaway) throw new Error("The connection was given up");
  if ((type === FRAME.settings || type === FRAME.ping) && (flags & FLAG.ack) === 0) {
    const echoed = type === FRAME.ping ? [...payload] : [];
    await writeWhole(connection, encodeFrame({ type, flags: FLAG.ack, stream: 0 }, echoed));
  }
  if (stream !== 1) return false;
  // A change of the table's size (RFC 7541 §6.3) may come first.
  if (type === FRAME.headers && payload.find((byte) => byte >> 5 !== 1) !== STATUS_200) {
    throw new Error("The answer is not a 200");
  }
  return (type === FRAME.headers || type === FRAME.data) && (flags & FLAG.endStream) !== 0;
}
