import assert from "node:assert/strict";
import { RequestHeadEncoder } from "../../../lib/http/http1/request_head.ts";
import { decodeLatin1, encodeLatin1 } from "../../../lib/http/http1/latin1.ts";
import type { HeaderLine } from "../../../lib/http/message.ts";
import { makeBody } from "../../support/upstream_requests.ts";

const HOST: HeaderLine = ["Host", "a.test"];

interface Parts {
  method?: string;
  target?: string;
  headers?: HeaderLine[];
  length?: number | "unknown";
  upgrade?: string;
  expectsContinue?: boolean;
}

function encode(parts: Parts): string {
  const { method = "GET", target = "/", headers = [HOST], length, ...asked } = parts;
  const known = length === "unknown" ? undefined : length;
  const body = length === undefined ? undefined : makeBody([], { length: known });
  const encoded = new RequestHeadEncoder().encode({ method, target, headers, body, ...asked });
  return encoded.kind === "head" ? decodeLatin1(encoded.bytes) : encoded.kind;
}

Deno.test("RequestHeadEncoder: writes what it was given, and the framing of the body", () => {
  const cases: [Parts, string][] = [
    [{}, "GET / HTTP/1.1\r\nHost: a.test\r\n\r\n"],
    [{ method: "delete", target: "*" }, "delete * HTTP/1.1\r\nHost: a.test\r\n\r\n"],
    [
      { target: "/a?b=%0d%0a", headers: [["x", "\xe9 1"], HOST, ["x", ""]] },
      "GET /a?b=%0d%0a HTTP/1.1\r\nx: \xe9 1\r\nHost: a.test\r\nx: \r\n\r\n",
    ],
    [{ method: "POST" }, "POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 0\r\n\r\n"],
    [{ length: 5 }, "GET / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 5\r\n\r\n"],
    [{ length: "unknown" }, "GET / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n"],
    [
      {
        headers: [["content-length", "7"], HOST, ["TRANSFER-ENCODING", "gzip"]],
        length: 5,
      },
      "GET / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 5\r\n\r\n",
    ],
    [{ headers: [HOST, ["Content-Length", "7"]] }, "GET / HTTP/1.1\r\nHost: a.test\r\n\r\n"],
    [
      { headers: [HOST, ["Content_Length", "7"], ["transfer_Encoding", "chunked"]] },
      "GET / HTTP/1.1\r\nHost: a.test\r\n\r\n",
    ],
    [
      { headers: [HOST, ["upgrade", "h2c"], ["EXPECT", "100-continue"]] },
      "GET / HTTP/1.1\r\nHost: a.test\r\n\r\n",
    ],
    [
      { headers: [HOST, ["connection", "close"], ["Upgrade", "h2c"]], upgrade: "websocket, x/1" },
      "GET / HTTP/1.1\r\nHost: a.test\r\nConnection: Upgrade\r\nUpgrade: websocket, x/1\r\n\r\n",
    ],
    [
      { length: 5, expectsContinue: true },
      "GET / HTTP/1.1\r\nHost: a.test\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n",
    ],
    [{ expectsContinue: true }, "GET / HTTP/1.1\r\nHost: a.test\r\n\r\n"],
  ];
  for (const [parts, expected] of cases) assert.equal(encode(parts), expected);
});

Deno.test("RequestHeadEncoder: nothing can become a line or a request of its own", () => {
  const cases: Parts[] = [
    { method: "" },
    { method: "GET /" },
    { method: "GET\r\n" },
    { method: "CONNECT" },
    { target: "" },
    { target: "/ HTTP/1.1\r\nX: y" },
    { target: "/\xe9" },
    { target: "/\u0120" },
    { headers: [HOST, ["X", "a\r\nY: b"]] },
    { headers: [HOST, ["X", "a\nb"]] },
    { headers: [HOST, ["X", "a\rb"]] },
    { headers: [HOST, ["X", "a\0b"]] },
    { headers: [HOST, ["X", "\u010d\u010a"]] },
    { headers: [HOST, ["X: y\r\nZ", "a"]] },
    { headers: [HOST, ["", "a"]] },
    { headers: [HOST, ["X ", "a"]] },
    { headers: [HOST, ["Content-Length", "5\r\nX: y"]] },
    { headers: [] },
    { headers: [HOST, ["host", "b.test"]] },
    { upgrade: "" },
    { upgrade: "websocket\r\nX: y" },
    { upgrade: "websocket", length: 5 },
    { length: -1 },
    { length: 1.5 },
    { length: NaN },
    { length: Infinity },
  ];
  for (const parts of cases) assert.equal(encode(parts), "malformed", JSON.stringify(parts));
});

Deno.test("RequestHeadEncoder: a head may be longer than those before, and the next one short again", () => {
  const encoder = new RequestHeadEncoder();
  for (const length of [10, 4_080, 5_000, 60_000, 10]) {
    const headers: HeaderLine[] = [HOST, ["X", "v".repeat(length)]];
    const encoded = encoder.encode({ method: "GET", target: "/", headers, body: undefined });
    assert.equal(encoded.kind, "head");
    if (encoded.kind !== "head") return;
    const expected = `GET / HTTP/1.1\r\nHost: a.test\r\nX: ${"v".repeat(length)}\r\n\r\n`;
    assert.deepEqual(encoded.bytes, encodeLatin1(expected));
  }
});

Deno.test("RequestHeadEncoder: nothing is left of a head that could not be encoded", () => {
  const encoder = new RequestHeadEncoder();
  const parts = { method: "GET", target: "/", body: undefined };
  assert.equal(encoder.encode({ ...parts, headers: [HOST, ["X", "a\n"]] }).kind, "malformed");
  const encoded = encoder.encode({ ...parts, headers: [HOST] });
  assert.equal(encoded.kind === "head" && decodeLatin1(encoded.bytes), encode({}));
});
