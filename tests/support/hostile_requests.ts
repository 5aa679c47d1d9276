/**
 * Streams of HTTP/1.1 requests as hostile clients send them: good ones, ones that two servers may read
 * in two ways, and bytes that are none. Every body holds what would be a request of its own. A seed
 * repeats them. Pure.
 *
 * @module
 */
import type { Random } from "./random.ts";

/** What a client writes. */
export interface HostileStream {
  /** Latin1. */
  readonly text: string;
  /** How many good requests it is made of, if of nothing else. */
  readonly goodCount: number | undefined;
}

const METHODS = ["GET", "GET", "HEAD", "POST", "POST", "PUT", "DELETE", "OPTIONS", "M-SEARCH"];

/** What nobody may take for a request, because it is the body of one. */
const SMUGGLED = "GET /smuggled HTTP/1.1\r\nHost: evil.example\r\nX-Real-IP: 6.6.6.6\r\n\r\n";

const FINE_LINES = [
  "Accept: */*",
  "Cookie: a=b; c=d",
  "Cookie: e=f",
  "X-Empty:",
  "X-High: \xe9\xff\x80",
  "X-Tab:\ta\tb\t",
  "Connection: keep-alive",
  "Connection: X-Hop, x-real-ip, via, te",
  "X-Hop: 1",
  "TE: trailers",
  "Keep-Alive: timeout=5",
  "Proxy-Connection: close",
  "Via: 1.1 somebody",
  "X-Real-IP: 6.6.6.6",
  "X_Real_IP: 6.6.6.6",
  "X-Forwarded-For: 6.6.6.6",
  "Upgrade: h2c",
  "HTTP2-Settings: AAMAAABk",
  "Content_Length: 3",
  "Transfer_Encoding: chunked",
];

const CHUNK_EXTENSIONS = ["", "", "", ";a=b", " ;a", ';a="b;c"'];
const TRAILERS = ["", "", "X-Sum: 1\r\n", "Content-Length: 5\r\nX-Sum: 2\r\n", "Host: evil\r\n"];

/** Lines that are wrong, or wrong together. */
const WRONG_LINES = [
  "Content-Length: 0",
  "Content-Length: 5",
  "Content-Length: 44",
  "Content-Length: +5",
  "Content-Length: 5, 5",
  "Content-Length: 5,6",
  "Content-Length: 0x5",
  "Content-Length: -1",
  "Content-Length: 5 5",
  "Content-Length: 00000000000000005",
  "Content-Length:",
  "Content-Length : 5",
  "Content-Length\t: 5",
  " Content-Length: 5",
  "Content-Length: 5\r\n 5",
  "Content-Length: 5\nX: y",
  "Content-Length:\x0b5",
  "Content-Length: 5\x00",
  "Transfer-Encoding: chunked",
  "transfer-encoding: CHUNKED",
  "Transfer-Encoding: chunked, chunked",
  "Transfer-Encoding: gzip, chunked",
  "Transfer-Encoding: chunked, identity",
  "Transfer-Encoding: identity",
  "Transfer-Encoding: xchunked",
  "Transfer-Encoding:\x0bchunked",
  "Transfer-Encoding: \x0cchunked",
  'Transfer-Encoding: "chunked"',
  "Transfer-Encoding: chunked;q=1",
  "Transfer-Encoding:",
  "Transfer-Encoding : chunked",
  "Transfer-Encoding\n: chunked",
  "X: y\rTransfer-Encoding: chunked",
  "X: y\nTransfer-Encoding: chunked",
  "X: y\r\n\tTransfer-Encoding: chunked",
  "X: y\r\n\r\rz",
  "Host: evil.example",
  "Host : evil.example",
  "Host: a, b",
  "Host:",
  "Host: a@b",
  "Connection: close",
  "Connection: Host, Content-Length, Transfer-Encoding",
  "Connection: close, upgrade",
  "Upgrade: websocket",
  "Upgrade: websocket\r\nConnection: upgrade",
  "Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings",
  "Upgrade: TLS/1.0\r\nConnection: Upgrade",
  "Expect: 100-continue",
  "Expect: 100-Continue, x",
  "Expect: y 100-continue",
  "Expect:",
  ": no name",
  "no colon",
  "X\x00: y",
  "X\xe9: y",
  "X: \x7f",
];

const WRONG_STARTS = [
  "GET / HTTP/1.0",
  "GET / HTTP/1.1 ",
  " GET / HTTP/1.1",
  "GET  / HTTP/1.1",
  "GET\t/\tHTTP/1.1",
  "GET / HTTP/1.2",
  "GET / HTTP/2.0",
  "GET / http/1.1",
  "GET /",
  "GET /a b HTTP/1.1",
  "GET /a#b HTTP/1.1",
  "GET /\x80 HTTP/1.1",
  "GET a HTTP/1.1",
  "GET * HTTP/1.1",
  "OPTIONS * HTTP/1.1",
  "CONNECT evil.example:443 HTTP/1.1",
  "GET http://evil.example/x HTTP/1.1",
  "GET HTTPS://evil.example:8/ HTTP/1.1",
  "GET http://a@evil.example/x HTTP/1.1",
  "GET http:///x HTTP/1.1",
  "GET ftp://evil.example/x HTTP/1.1",
  "GET http://evil.example?q HTTP/1.1",
  "OPTIONS http://evil.example HTTP/1.1",
  "PRI * HTTP/2.0",
  "G(T / HTTP/1.1",
  "get / HTTP/1.1",
  "GET //evil.example/ HTTP/1.1",
  "\0GET / HTTP/1.1",
];

const WRONG_BODIES = [
  SMUGGLED,
  `0\r\n\r\n${SMUGGLED}`,
  `5\r\nhello\r\n0\r\n\r\n${SMUGGLED}`,
  `5\nhello\r\n0\r\n\r\n`,
  `5;a\nb\r\nhello\r\n0\r\n\r\n`,
  `5\r\nhelloX\r\n0\r\n\r\n`,
  `5\r\nhello0\r\n\r\n${SMUGGLED}`,
  `5\r\nhelloXX0\r\n\r\n${SMUGGLED}`,
  `5\r\nhello\n\n0\r\n\r\n${SMUGGLED}`,
  `5\r\nhello\r\r0\r\n\r\n${SMUGGLED}`,
  `0x5\r\nhello\r\n0\r\n\r\n`,
  ` 5\r\nhello\r\n0\r\n\r\n`,
  `5 \r\nhello\r\n0\r\n\r\n`,
  `-1\r\nhello\r\n0\r\n\r\n`,
  `10000000000000005\r\nhello\r\n0\r\n\r\n`,
  `5_0\r\nhello\r\n0\r\n\r\n`,
  `0\r\n${SMUGGLED}`,
  `0\r\nX: y\nZ: a\r\n\r\n`,
  `0\r\nX : y\r\n\r\n${SMUGGLED}`,
  `0\n\n${SMUGGLED}`,
  `0;\r\n\r\n`,
  `000\r\n\r\n`,
  "\r\n",
  "\r\n\r\n",
  "",
];

/** Bytes that matter to some parser. */
const BYTES = "\0\t\n\v\f\r ,:;/?#.*0159abGH\x7f\x80\x85\xa0\xff";

/** Makes a stream for a host. @param corpus Raw requests of others, to be changed; may be empty. */
export function makeHostileStream(
  random: Random,
  host: string,
  corpus: readonly string[],
): HostileStream {
  const isGood = random.below(4) === 0;
  let text = "";
  let count = 0;
  for (let left = 1 + random.below(4); left > 0; left--) {
    const isThisGood = isGood || random.below(2) === 0;
    text += isThisGood ? makeGood(random, host, count++) : makeWrong(random, host, corpus);
    if (random.below(12) === 0) text += "\r\n";
  }
  return { text, goodCount: isGood ? count : undefined };
}

/** @param place Makes it differ from the others of its stream. */
function makeGood(random: Random, host: string, place: number): string {
  const method = random.pick(METHODS);
  const target = random.pick(["/", "/a%2Fb//c/../d", "/x", "/smuggled"]) + `?place=${place}`;
  const isAbsolute = random.below(10) === 0;
  const lines = [`Host: ${host}`];
  for (let left = random.below(4); left > 0; left--) lines.push(random.pick(FINE_LINES));
  const { line, body } = makeGoodBody(random);
  if (line !== undefined) lines.push(line);
  else if (random.below(12) === 0) lines.push("Connection: Upgrade", "Upgrade: websocket");
  if (line !== undefined && body !== "" && random.below(8) === 0) {
    lines.push("Expect: 100-continue");
  }
  shuffle(lines, random);
  const start = `${method} ${isAbsolute ? `http://${host}` : ""}${target} HTTP/1.1`;
  return `${start}\r\n${lines.join("\r\n")}\r\n\r\n${body}`;
}

function makeGoodBody(random: Random): { line: string | undefined; body: string } {
  const content = SMUGGLED.repeat(random.below(3)) +
    "x".repeat(random.below(3) * random.below(9_000));
  switch (random.below(4)) {
    case 0:
      return { line: `Content-Length: ${content.length}`, body: content };
    case 1: {
      let body = "";
      let at = 0;
      for (const end of random.cuts(content.length, 1 + random.below(6_000))) {
        body += `${(end - at).toString(16)}${random.pick(CHUNK_EXTENSIONS)}\r\n`;
        body += `${content.slice(at, end)}\r\n`;
        at = end;
      }
      return {
        line: "Transfer-Encoding: chunked",
        body: `${body}0\r\n${random.pick(TRAILERS)}\r\n`,
      };
    }
    default:
      return { line: undefined, body: "" };
  }
}

function makeWrong(random: Random, host: string, corpus: readonly string[]): string {
  if (corpus.length > 0 && random.below(3) === 0) {
    const row = random.pick(corpus).replaceAll("{host}", host);
    return random.below(2) === 0 ? row : damage(row, random);
  }
  const start = random.below(4) === 0
    ? random.pick(WRONG_STARTS)
    : `${random.pick(METHODS)} /w HTTP/1.1`;
  const lines = [`Host: ${host}`];
  for (let left = 1 + random.below(3); left > 0; left--) lines.push(random.pick(WRONG_LINES));
  if (random.below(3) === 0) lines.push(random.pick(FINE_LINES));
  shuffle(lines, random);
  const text = `${start}\r\n${lines.join("\r\n")}\r\n\r\n${random.pick(WRONG_BODIES)}`;
  return random.below(3) === 0 ? damage(text, random) : text;
}

function damage(text: string, random: Random): string {
  let damaged = text;
  for (let left = 1 + random.below(3); left > 0; left--) {
    const at = random.below(damaged.length + 1);
    const byte = BYTES[random.below(BYTES.length)];
    const cut = random.below(3) === 0 ? 0 : random.below(3);
    damaged = damaged.slice(0, at) + (cut === 2 ? "" : byte) + damaged.slice(at + cut);
  }
  return damaged;
}

function shuffle<Item>(items: Item[], random: Random): void {
  for (let at = items.length - 1; at > 0; at--) {
    const other = random.below(at + 1);
    [items[at], items[other]] = [items[other], items[at]];
  }
}
