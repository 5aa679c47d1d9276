import assert from "node:assert/strict";
import {
  type AnswerHeadOptions,
  encodeAnswerHead,
  encodeInterimHead,
} from "../../../lib/http/http1/answer_head.ts";
import { HeadWriter, HeadWriterError } from "../../../lib/http/http1/head_writer.ts";
import { decodeLatin1 } from "../../../lib/http/http1/latin1.ts";
import { parseResponseHead } from "../../../lib/http/http1/response_head.ts";
import type { Answer } from "../../../lib/http/message.ts";

const DATE = "Sun, 06 Nov 1994 08:49:37 GMT";

function encode(fields: Partial<Answer>, options: Partial<AnswerHeadOptions> = {}): string {
  const bytes = new Uint8Array(1_024);
  const writer = new HeadWriter();
  writer.begin(bytes);
  const answer = { status: 200, reason: "", headers: [], body: undefined, ...fields };
  encodeAnswerHead(writer, answer, {
    framing: { kind: "none" },
    isLast: false,
    date: DATE,
    ...options,
  });
  return decodeLatin1(bytes.subarray(0, writer.end));
}

Deno.test("encodeAnswerHead: order, case and duplicates stay, Date and framing are added", () => {
  const headers = [["Set-Cookie", "a"], ["x-y", "\xe9"], ["set-cookie", "b"]] as const;
  assert.equal(
    encode({ headers }, { framing: { kind: "length", length: "5" } }),
    "HTTP/1.1 200 OK\r\nSet-Cookie: a\r\nx-y: \xe9\r\nset-cookie: b\r\n" +
      `Date: ${DATE}\r\nContent-Length: 5\r\n\r\n`,
  );
});

Deno.test("encodeAnswerHead: what concerns another connection does not pass", () => {
  const text = encode({
    headers: [
      ["Date", "then"],
      ["Connection", "keep-alive, X-Mine"],
      ["Keep-Alive", "timeout=5"],
      ["X-Mine", "a"],
      ["Transfer-Encoding", "chunked"],
      ["CONTENT-LENGTH", "77"],
      ["Upgrade", "h2c"],
      ["Proxy-Authenticate", "Basic"],
    ],
  }, { framing: { kind: "chunked" }, isLast: true });
  const end = "Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n";
  assert.equal(text, `HTTP/1.1 200 OK\r\nDate: then\r\n${end}`);
});

Deno.test("encodeAnswerHead: RFC 9110 §6.6.2, trailers that are announced stay so", () => {
  const text = encode({ headers: [["Trailer", "X-Sum"]] }, { framing: { kind: "chunked" } });
  assert.match(text, /^Trailer: X-Sum\r$/m);
});

Deno.test("encodeAnswerHead: RFC 9110 §15.5.22, 426 says what to change to", () => {
  const headers = [["Upgrade", "websocket"], ["Connection", "Upgrade, close"]] as const;
  const text = encode({ status: 426, headers }, { isLast: true });
  assert.match(text, /Connection: Upgrade\r\nUpgrade: websocket\r\nConnection: close\r\n/);
  assert.doesNotMatch(encode({ status: 426 }), /Upgrade:|Connection:/);
  assert.doesNotMatch(encode({ status: 200, headers }), /Upgrade:/);
});

Deno.test("encodeAnswerHead: reasons: the upstream's, the usual one, none", () => {
  assert.match(encode({ status: 404 }), /^HTTP\/1\.1 404 Not Found\r\n/);
  assert.match(encode({ status: 404, reason: "Gone \xe9" }), /^HTTP\/1\.1 404 Gone \xe9\r\n/);
  assert.match(encode({ status: 299 }), /^HTTP\/1\.1 299 \r\n/);
});

Deno.test("encodeAnswerHead: RFC 9110 §7.8, 101 names the protocol and that it is for this hop", () => {
  const headers = [["Upgrade", "websocket"], ["Connection", "Upgrade"], ["Sec-X", "y"]] as const;
  const text = encode({ status: 101, headers }, { isLast: true });
  assert.match(text, /^HTTP\/1\.1 101 Switching Protocols\r\nSec-X: y\r\n/);
  assert.match(text, /\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n$/);
  assert.doesNotMatch(text, /close/);
});

Deno.test("encodeAnswerHead: every status is one that a strict reader takes", () => {
  for (let status = 200; status < 600; status++) {
    const parsed = parseResponseHead(encode({ status }));
    assert.equal(parsed.kind === "head" && parsed.head.status, status);
  }
});

Deno.test("encodeAnswerHead: what could become another line is refused", () => {
  const fields: Partial<Answer>[] = [
    { reason: "a\r\nX: y" },
    { headers: [["A", "b\r\nX: y"]] },
    { headers: [["A\r\nX", "y"]] },
    { headers: [["A", "\u010d\u010a"]] },
    { headers: [["", "y"]] },
    { headers: [["A", "\0"]] },
  ];
  for (const each of fields) assert.throws(() => encode(each), HeadWriterError);
});

Deno.test("encodeInterimHead: 103 with its lines, without a Date", () => {
  const bytes = new Uint8Array(128);
  const writer = new HeadWriter();
  writer.begin(bytes);
  encodeInterimHead(writer, 103, [["Link", "</a>"]]);
  const text = decodeLatin1(bytes.subarray(0, writer.end));
  assert.equal(text, "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n");
});
