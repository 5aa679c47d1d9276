/**
 * Answers of upstreams to recorded requests: good ones in every framing, and ones that are wrong, or
 * that carry another answer along. Each says to which request it belongs; what must never reach a client
 * says `forged`. A seed repeats them. Pure.
 *
 * @module
 */
import type { Random } from "./random.ts";
import type { RecordedAnswer, RecordedRequest } from "./recording_upstream.ts";

/** The field that says to which request an answer belongs. */
export const ECHO_FIELD = "x-echo";

const FORGED = "HTTP/1.1 200 OK\r\nX-Echo: forged\r\nContent-Length: 6\r\n\r\nforged";
const INTERIM = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n";
const CONTINUE = "HTTP/1.1 100 Continue\r\n\r\n";

/** Makes a good answer. */
export function makeGoodAnswer(record: RecordedRequest, random: Random): RecordedAnswer {
  const before = random.below(8) === 0 ? random.pick([INTERIM, CONTINUE, INTERIM + CONTINUE]) : "";
  if (asksForWebSocket(record) && random.below(2) === 0) {
    const lines = "Connection: upgrade\r\nUpgrade: websocket\r\n";
    const text = `${before}${head(record, "101 Switching Protocols", lines)}hello`;
    return { text, isTunnel: true };
  }
  const content = `${record.number};`.repeat(random.below(3) * (1 + random.below(9_000)));
  const isHead = record.request.method === "HEAD";
  switch (random.below(6)) {
    case 0:
      return { text: before + head(record, random.pick(["204 No Content", "304 Not Modified"])) };
    case 1:
    case 2: {
      const start = before + head(record, "200 OK", "Transfer-Encoding: chunked\r\n");
      return { text: isHead ? start : start + chunks(content, random) };
    }
    case 3: {
      const start = before + head(record, "200 OK", "Connection: close\r\n");
      return { text: isHead ? start : start + content, closes: true };
    }
    default: {
      const start = before + head(record, "200 OK", `Content-Length: ${content.length}\r\n`);
      return { text: isHead ? start : start + content };
    }
  }
}

/** Makes an answer that is wrong in one of many ways. */
export function makeWrongAnswer(record: RecordedRequest, random: Random): RecordedAnswer {
  const good = (lines = "Content-Length: 5\r\n", status = "200 OK") => head(record, status, lines);
  const wrong: readonly RecordedAnswer[] = [
    // Nothing, or not all of it.
    { text: "" },
    { text: good().slice(0, -3), closes: true },
    { text: `${good()}abc`, closes: true },
    { text: `${good("Transfer-Encoding: chunked\r\n")}5\r\nhello\r\n`, closes: true },
    // Another answer along with it.
    { text: `${good()}hello${FORGED}` },
    { text: `${good("Content-Length: 20000\r\n")}${"x".repeat(20_000)}${FORGED}` },
    { text: `${good("Transfer-Encoding: chunked\r\n")}0\r\n\r\n${FORGED}` },
    { text: `${good("", "204 No Content")}${FORGED}` },
    { text: `${good("", "304 Not Modified")}${FORGED}` },
    { text: `${good("Content-Length: 0\r\n")}\r\n${FORGED}` },
    { text: `${good(`Content-Length: ${FORGED.length}\r\n`)}${FORGED}`.slice(0, -2), closes: true },
    { text: `${good("Content-Length: 5\r\n", "204 No Content")}hello` },
    // Framed in two ways, or in none.
    { text: `${good("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n")}0\r\n\r\n${FORGED}` },
    { text: `${good("Content-Length: 5\r\nContent-Length: 6\r\n")}hello${FORGED}` },
    { text: `${good("Content-Length: +5\r\n")}hello${FORGED}` },
    { text: `${good("Content-Length : 5\r\n")}hello${FORGED}` },
    { text: `${good("Transfer-Encoding: xchunked\r\n")}0\r\n\r\n${FORGED}` },
    { text: `${good("Transfer-Encoding: chunked\r\n")}5\nhello\r\n0\r\n\r\n${FORGED}` },
    { text: `${good("Transfer-Encoding: chunked\r\n")}5;\x00\r\nhello\r\n0\r\n\r\n` },
    { text: good().replace("HTTP/1.1", "HTTP/1.0") + `hello${FORGED}` },
    // Lines that are more than one, or none.
    { text: `${good("X: a\rX-Echo: forged\r\nContent-Length: 0\r\n")}` },
    { text: `${good("X: a\nX-Echo: forged\r\nContent-Length: 0\r\n")}` },
    { text: `${good("X: a\r\n b\r\nContent-Length: 0\r\n")}` },
    { text: good().replaceAll("\r\n", "\n") + "hello" },
    { text: `HTTP/1.1 200 a\rb\r\n\r\n`, closes: true },
    { text: `\r\n${FORGED}` },
    { text: `HTTP/1.1 999 X\r\n\r\n`, closes: true },
    // Interim answers, and protocols that nobody has asked for.
    { text: INTERIM.repeat(40) + FORGED },
    { text: `${CONTINUE}${CONTINUE}${good()}hello` },
    {
      text: `${good("Upgrade: websocket\r\nConnection: upgrade\r\n", "101 Switching")}${FORGED}`,
      isTunnel: asksForWebSocket(record),
    },
    { text: `${good("Upgrade: h2c\r\nConnection: upgrade\r\n", "101 Switching")}${FORGED}` },
    { text: `HTTP/1.1 102 Processing\r\nContent-Length: 5\r\n\r\n${good()}hello` },
    // Before the request has ended.
    { text: `${good()}hello`, isEarly: true },
    { text: `${good()}hello`, isEarly: true, closes: true },
    { text: `${good()}hello${FORGED}`, isEarly: true },
    { text: good("Content-Length: 0\r\n", "413 Too Large"), isEarly: true },
    { text: "", isEarly: true },
  ];
  return random.pick(wrong);
}

function head({ number }: RecordedRequest, status: string, lines = ""): string {
  return `HTTP/1.1 ${status}\r\nX-Echo: ${number}\r\n${lines}\r\n`;
}

function chunks(content: string, random: Random): string {
  let text = "";
  let at = 0;
  for (const end of random.cuts(content.length, 1 + random.below(9_000))) {
    text += `${(end - at).toString(16)}\r\n${content.slice(at, end)}\r\n`;
    at = end;
  }
  return `${text}0\r\n${random.pick(["", "X-Sum: 1\r\n", "X-Echo: forged\r\n"])}\r\n`;
}

function asksForWebSocket({ request: { headers } }: RecordedRequest): boolean {
  return headers.some(([name, value]) =>
    name.toLowerCase() === "upgrade" && /websocket/i.test(value)
  );
}
