/**
 * HTTP/2 in front of HTTP/1.1, where one version's trick is the other's request:
 * `reverse_proxy_cases_test.ts` runs these.
 *
 * @module
 */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { valuesIn } from "../../support/head_upstream.ts";
import { answerEach, ok200, type ProxyCase, type ProxyScene } from "../../support/proxy_case.ts";
import { CODE, type RawField } from "../../support/http2_frames.ts";

const OK = answerEach(ok200());

/** Requests that are malformed (RFC 9113 §8.1.1, §8.2, §8.3), with what a body adds to it. */
const DESYNCS: readonly {
  readonly what: string;
  readonly method?: string;
  readonly path?: string;
  readonly fields?: readonly RawField[];
  readonly body?: string;
}[] = [
  { what: "a length above the body", fields: [["content-length", "50"]], body: "short" },
  { what: "a length below the body", fields: [["content-length", "1"]], body: "GET /x" },
  { what: "a length that is no number", fields: [["content-length", "1x"]], body: "G" },
  {
    what: "two lengths",
    fields: [["content-length", "5"], ["content-length", "6"]],
    body: "hello",
  },
  {
    what: "transfer-encoding",
    fields: [["transfer-encoding", "chunked"]],
    body: "0\r\n\r\nGET /x",
  },
  { what: "te: chunked", fields: [["te", "chunked"]] },
  { what: "connection", fields: [["connection", "keep-alive"]] },
  { what: "CRLF in a value", fields: [["x", "a\r\nevil: 1"]] },
  { what: "LF in a value", fields: [["x", "a\nevil: 1"]] },
  { what: "NUL in a value", fields: [["x", "a\0evil"]] },
  { what: "CRLF in a name", fields: [["x: 1\r\nevil", "1"]] },
  { what: "a colon in a name", fields: [["evil: 1", "2"]] },
  { what: "a space in a name", fields: [["evil ", "1"]] },
  { what: "an upper-case name", fields: [["Evil", "1"]] },
  { what: "an unknown pseudo-header", fields: [[":evil", "1"]] },
  { what: "a space in the path", path: "/ HTTP/1.1\r\nevil: 1\r\nx: " },
  { what: "a space and a version in the path", path: "/evil HTTP/1.1" },
  { what: "an empty path", path: "" },
  { what: "a method with a space", method: "GET /evil HTTP/1.1\r\nx:" },
];

export const HTTP2_CASES: readonly ProxyCase[] = [
  {
    // RFC 9113 §8.2.3.
    n: "cookie-crumbs-h2",
    script: OK,
    run: async (scene) => {
      using client = await scene.openHttp2();
      const crumbs: RawField[] = [["cookie", "a=1"], ["cookie", "b=2"], ["cookie", "c=3"]];
      const outcome = await client.request([...pseudo(scene), ...crumbs]);
      deepStrictEqual(outcome, { kind: "answer", status: 200, body: "ok" });
      deepStrictEqual(valuesIn(scene.heads[0], "cookie"), ["a=1; b=2; c=3"]);
    },
  },
  {
    // RFC 9113 §8.3.1.
    n: "h2-authority-vs-host",
    script: OK,
    run: async (scene) => {
      using client = await scene.openHttp2();
      const outcome = await client.request([...pseudo(scene), ["host", "other.test"]]);
      strictEqual(outcome.kind === "answer" && outcome.status, 400, JSON.stringify(outcome));
      strictEqual(scene.heads.length, 0);
    },
  },
  {
    n: "h2-desync",
    script: async (peer) => {
      for (;;) {
        await peer.readHead();
        await peer.write(ok200());
      }
    },
    run: async (scene) => {
      for (const { what, method, path, fields = [], body } of DESYNCS) {
        using client = await scene.openHttp2();
        const posted = method ?? (body === undefined ? "GET" : "POST");
        const outcome = await client.request([
          ...pseudo(scene, { method: posted, path }),
          ...fields,
        ], { body });
        const describe = `${what}: ${JSON.stringify(outcome)}`;
        if (outcome.kind === "answer") strictEqual(outcome.status, 400, describe);
        else ok(outcome.kind === "reset" && outcome.code === CODE.protocolError, describe);
        for (const head of scene.heads) ok(!/evil|GET \/x/.test(head), `${what}: ${head}`);
      }
      // A request that broke off may have begun; none has been answered for whole.
      using client = await scene.openHttp2();
      deepStrictEqual(await client.request(pseudo(scene)), {
        kind: "answer",
        status: 200,
        body: "ok",
      });
      strictEqual(scene.heads.filter((head) => head.startsWith("GET / HTTP/1.1")).length, 1);
    },
  },
  {
    // RFC 9113 §9.1.2: nobody is served by another host's connection.
    n: "h2-sni-vs-authority",
    script: OK,
    run: async (scene) => {
      using client = await scene.openHttp2();
      const fields = pseudo(scene).map(([name, value]): RawField =>
        name === ":authority" ? [name, "cookie-crumbs-h2.test"] : [name, value]
      );
      const outcome = await client.request(fields);
      strictEqual(outcome.kind === "answer" && outcome.status, 421, JSON.stringify(outcome));
      strictEqual(scene.heads.length, 0);
    },
  },
  {
    // RFC 8441: not offered, so browsers open WebSockets over HTTP/1.1.
    n: "websocket-h2",
    script: OK,
    run: async (scene) => {
      using client = await scene.openHttp2();
      const outcome = await client.request([
        [":protocol", "websocket"],
        ...pseudo(scene, { method: "CONNECT" }),
      ]);
      const isRefused = outcome.kind !== "answer" || outcome.status >= 400;
      ok(isRefused, JSON.stringify(outcome));
      strictEqual(scene.heads.length, 0);
    },
  },
];

function pseudo(
  { host }: ProxyScene,
  { method = "GET", path = "/" }: { method?: string; path?: string } = {},
): RawField[] {
  return [[":method", method], [":scheme", "https"], [":authority", host], [":path", path]];
}
