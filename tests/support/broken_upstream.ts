/**
 * A server that does wrong on purpose: it plays a script on each connection, byte by byte if need
 * be. Loopback, port 0.
 *
 * @module
 */
import type { Address } from "../../lib/base/addresses.ts";
import { latin1 } from "./scripted_connection.ts";

/** One connection as the script sees it. Its methods fail when the client has gone. */
export interface Peer {
  /** Counts connections, from 0. */
  readonly index: number;
  /** Reads up to the end of a request's head and returns it; what follows stays unread. */
  readHead(): Promise<string>;
  /** Reads some bytes; undefined at the end. */
  read(maxBytes?: number): Promise<Uint8Array | undefined>;
  /** Writes latin1 text or bytes. */
  write(data: string | Uint8Array): Promise<void>;
  /** Ends this side only. */
  end(): Promise<void>;
  /** Waits until the client has ended or cut the connection. */
  untilGone(): Promise<void>;
  /** Cuts the connection so that the client gets a reset. The client must have sent a byte. */
  reset(): Promise<void>;
}

/** What is played on a connection; when it returns or fails, the connection is closed. */
export type Script = (peer: Peer) => Promise<void>;

/** A running server. Disposing of it closes the listener and every connection. */
export interface BrokenUpstream extends AsyncDisposable {
  readonly address: Extract<Address, { kind: "tcp" }>;
  /** How many connections have been accepted. */
  readonly accepted: number;
  /** How many of them are open. */
  readonly open: number;
}

/** Starts a server that plays `script` on each connection. */
export function startBrokenUpstream(script: Script): BrokenUpstream {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const connections = new Set<Deno.TcpConn>();
  const plays: Promise<void>[] = [];
  let accepted = 0;
  const play = async (connection: Deno.TcpConn) => {
    connection.setNoDelay();
    connections.add(connection);
    try {
      await script(makePeer(connection, accepted++));
    } catch {
      // The client has cut the connection: for many scripts that is the expected end.
    }
    connections.delete(connection);
    close(connection);
  };
  const accepting = (async () => {
    for await (const connection of listener) plays.push(play(connection));
  })();
  return {
    address: { kind: "tcp", hostname: "127.0.0.1", port: listener.addr.port },
    get accepted() {
      return accepted;
    },
    get open() {
      return connections.size;
    },
    async [Symbol.asyncDispose]() {
      listener.close();
      for (const connection of connections) close(connection);
      await accepting;
      await Promise.all(plays);
    },
  };
}

const HELLO = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
const FORGED = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged";
const CHUNKED = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

/** Scripts with one fault each, named after it. All of them read the head of a request first. */
export const FAULTS = {
  closes_without_answer: async (peer) => {
    await peer.readHead();
  },
  resets_without_answer: (peer) => peer.reset(),
  resets_within_head: async (peer) => {
    await peer.write("HTTP/1.1 200 OK\r\nServer");
    await peer.reset();
  },
  closes_within_head: (peer) => answer(peer, "HTTP/1.1 200 OK\r\nContent-Le"),
  hangs: async (peer) => {
    await peer.readHead();
    await peer.untilGone();
  },
  hangs_within_head: async (peer) => {
    await answer(peer, "HTTP/1.1 200 OK\r\nContent-Le");
    await peer.untilGone();
  },
  hangs_within_body: async (peer) => {
    await answer(peer, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello");
    await peer.untilGone();
  },
  hangs_within_chunk: async (peer) => {
    await answer(peer, `${CHUNKED}5\r\nhel`);
    await peer.untilGone();
  },
  hangs_before_last_chunk: async (peer) => {
    await answer(peer, `${CHUNKED}5\r\nhello\r\n`);
    await peer.untilGone();
  },
  hangs_after_interim: async (peer) => {
    await answer(peer, "HTTP/1.1 103 Early Hints\r\n\r\n");
    await peer.untilGone();
  },
  speaks_garbage: (peer) => answer(peer, "\x16\x03\x01\x02\x00garbage\r\n\r\n"),
  speaks_ssh: (peer) => answer(peer, "SSH-2.0-OpenSSH_9.2\r\n\r\n"),
  speaks_http2: (peer) => answer(peer, "\0\0\x06\x04\0\0\0\0\0\0\x03\0\0\0\x64"),
  speaks_http_0_9: (peer) => answer(peer, "<html>hello</html>\r\n\r\n"),
  has_other_version: (peer) => answer(peer, "HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n"),
  has_unknown_status: (peer) => answer(peer, "HTTP/1.1 999 OK\r\nContent-Length: 0\r\n\r\n"),
  begins_with_empty_line: (peer) =>
    answer(peer, "\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
  folds_lines: (peer) => answer(peer, "HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n"),
  has_space_before_colon: (peer) =>
    answer(peer, "HTTP/1.1 200 OK\r\nContent-Length : 5\r\n\r\nhello"),
  has_nul_in_value: (peer) => answer(peer, "HTTP/1.1 200 OK\r\nA: b\0c\r\n\r\n"),
  has_cr_in_value: (peer) => answer(peer, "HTTP/1.1 200 OK\r\nA: b\rSet-Cookie: c\r\n\r\n"),
  ends_lines_with_lf: (peer) => answer(peer, "HTTP/1.1 200 OK\nContent-Length: 0\n\n"),
  has_huge_head: (peer) => answer(peer, `HTTP/1.1 200 OK\r\nA: ${"a".repeat(70_000)}\r\n\r\n`),
  has_endless_head: async (peer) => {
    await answer(peer, "HTTP/1.1 200 OK\r\n");
    for (;;) await peer.write(`A: ${"a".repeat(1_000)}\r\n`);
  },
  has_many_lines: (peer) => answer(peer, `HTTP/1.1 200 OK\r\n${"A: b\r\n".repeat(300)}\r\n`),
  storms_with_continue: async (peer) => {
    await peer.readHead();
    for (;;) await peer.write("HTTP/1.1 100 Continue\r\n\r\n");
  },
  storms_with_interim: async (peer) => {
    await peer.readHead();
    for (;;) await peer.write("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n");
  },
  switches_protocols: (peer) =>
    answer(peer, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n"),
  differs_in_length: (peer) =>
    answer(peer, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!"),
  has_both_framings: (peer) =>
    answer(
      peer,
      "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ),
  has_negative_length: (peer) => answer(peer, "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"),
  has_signed_length: (peer) => answer(peer, "HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\nhello"),
  has_hex_length: (peer) => answer(peer, "HTTP/1.1 200 OK\r\nContent-Length: 0x5\r\n\r\nhello"),
  has_length_past_numbers: (peer) =>
    answer(peer, `HTTP/1.1 200 OK\r\nContent-Length: ${"9".repeat(20)}\r\n\r\nhello`),
  has_other_coding: (peer) =>
    answer(peer, "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
  chunks_in_http_1_0: (peer) => answer(peer, `${CHUNKED.replace("1.1", "1.0")}0\r\n\r\n`),
  has_chunk_size_past_numbers: (peer) => answer(peer, `${CHUNKED}${"f".repeat(17)}\r\nhello`),
  has_negative_chunk_size: (peer) => answer(peer, `${CHUNKED}-5\r\nhello\r\n0\r\n\r\n`),
  ends_chunk_lines_with_lf: (peer) => answer(peer, `${CHUNKED}5\nhello\n0\n\n`),
  has_malformed_trailer: (peer) => answer(peer, `${CHUNKED}0\r\nno colon\r\n\r\n`),
  has_endless_trailers: async (peer) => {
    await answer(peer, `${CHUNKED}0\r\n`);
    for (;;) await peer.write(`A: ${"a".repeat(1_000)}\r\n`);
  },
  dies_within_length: (peer) => answer(peer, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello"),
  dies_within_chunk: (peer) =>
    answer(peer, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel"),
  dies_before_last_chunk: (peer) =>
    answer(peer, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"),
  breaks_chunk: (peer) =>
    answer(peer, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhelloXX0\r\n\r\n"),
  has_huge_chunk_line: (peer) =>
    answer(
      peer,
      `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;${"a".repeat(2_000)}\r\n`,
    ),
} as const satisfies Record<string, Script>;

/** The name of a fault. */
export type Fault = keyof typeof FAULTS;

/**
 * Scripts that give an answer that counts (`hello`, as far as it has a body) and then do wrong: no
 * later request may be sent over such a connection. All of them read the head of a request first.
 */
export const QUIRKS = {
  closes_after_answer: (peer) => answer(peer, HELLO),
  resets_after_answer: async (peer) => {
    await peer.write(HELLO);
    await peer.reset();
  },
  adds_bytes: (peer) => answer(peer, `${HELLO}\r\n`),
  answers_twice: (peer) => answer(peer, `${HELLO}${FORGED}`),
  answers_twice_later: async (peer) => {
    await answer(peer, HELLO);
    await new Promise((resolve) => setTimeout(resolve, 20));
    await peer.write(FORGED);
    await peer.untilGone();
  },
  answers_twice_in_chunks: (peer) => answer(peer, `${CHUNKED}5\r\nhello\r\n0\r\n\r\n${FORGED}`),
  has_body_with_204: (peer) => answer(peer, `HTTP/1.1 204 x\r\nContent-Length: 5\r\n\r\n${FORGED}`),
  has_body_with_304: (peer) => answer(peer, `HTTP/1.1 304 x\r\nContent-Length: 5\r\n\r\nhello`),
  says_close_and_stays: async (peer) => {
    await answer(peer, HELLO.replace("\r\n\r\n", "\r\nConnection: foo, Close\r\n\r\n"));
    await peer.untilGone();
  },
  speaks_http_1_0_and_stays: async (peer) => {
    await answer(peer, HELLO.replace("1.1", "1.0"));
    await peer.untilGone();
  },
} as const satisfies Record<string, Script>;

/** The name of a quirk. */
export type Quirk = keyof typeof QUIRKS;

async function answer(peer: Peer, text: string): Promise<void> {
  await peer.readHead();
  await peer.write(text);
}

function makePeer(connection: Deno.TcpConn, index: number): Peer {
  const buffer = new Uint8Array(65_536);
  const read = async (maxBytes = buffer.length) => {
    const count = await connection.read(buffer.subarray(0, maxBytes));
    return count === null ? undefined : buffer.slice(0, count);
  };
  return {
    index,
    read,
    async readHead() {
      let text = "";
      while (!text.endsWith("\r\n\r\n")) {
        // One byte at a time: what follows the head is left to the script.
        const bytes = await read(1);
        if (bytes === undefined) throw new Error("client closed before its head was whole");
        text += String.fromCharCode(...bytes);
      }
      return text;
    },
    async write(data) {
      const bytes = typeof data === "string" ? latin1(data) : data;
      for (let at = 0; at < bytes.length;) at += await connection.write(bytes.subarray(at));
    },
    end: () => connection.closeWrite(),
    async untilGone() {
      while (await read() !== undefined);
    },
    async reset() {
      // The kernel answers a close with unread bytes with a reset.
      await read(1);
      close(connection);
    },
  };
}

function close(connection: Deno.Conn): void {
  try {
    connection.close();
  } catch {
    // The script has closed it.
  }
}
