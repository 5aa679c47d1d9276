import assert from "node:assert/strict";
import { encodeRequestHead } from "../../../lib/http/http1/request_head.ts";
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
  const encoded = encodeRequestHead({ method, target, headers, body, ...asked });
  return encoded.kind === "head" ? encoded.text : encoded.kind;
}

Deno.test("encodeRequestHead: writes what it was given, and the framing of the body", () => {
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

Deno.test("encodeRequestHead: nothing can become a line or a request of its own", () => {
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
