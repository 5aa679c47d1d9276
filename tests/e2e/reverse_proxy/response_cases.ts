/**
 * What a client sees of an answer, whole, broken or slow: `reverse_proxy_cases_test.ts` runs these.
 *
 * @module
 */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { withDeadline } from "../../support/deadline.ts";
import { valuesIn } from "../../support/head_upstream.ts";
import type { Peer } from "../../support/broken_upstream.ts";
import {
  answerEach,
  answerOnce,
  ok200,
  type ProxyCase,
  type ProxyScene,
  statusOf,
} from "../../support/proxy_case.ts";

/** Answers that are none; each ends in 502 and none of its bytes reach the client. */
const BAD_HEADERS: readonly string[] = [
  "HTTP/1.1 200 OK\r\nX: a\0b\r\n\r\n",
  "HTTP/1.1 200 OK\r\nX: a\rb\r\n\r\n",
  "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
  "HTTP/1.1 99 Low\r\n\r\n",
  "<html>evil</html>\r\n\r\n",
];

const BAD_FRAMINGS: readonly string[] = [
  "Content-Length: 4\r\nContent-Length: 5",
  "Content-Length: 4\r\nTransfer-Encoding: chunked",
  "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
];

/** The client has seen an event; the next is not sent before. */
const EVENTS = Array.from({ length: 4 }, () => Promise.withResolvers<void>());

/** The client has seen a head; the body is not sent before. */
const HEAD_SEEN = Promise.withResolvers<void>();

export const RESPONSE_CASES: readonly ProxyCase[] = [
  {
    // RFC 9110 §7.6.1.
    n: "strip-connection-nominated-response",
    script: answerEach(ok200("ok", "Connection: X-Back", "X-Back: 1", "X-Kept: 1")),
    run: async (scene) => {
      const answer = await scene.ask(GET_CLOSE);
      strictEqual(statusOf(answer), 200);
      ok(!/x-back/i.test(answer), answer);
      deepStrictEqual(valuesIn(answer, "x-kept"), ["1"]);
    },
  },
  {
    n: "status-and-fields-kept",
    script: answerEach(
      [
        "HTTP/1.1 404 Not Found",
        "X-Foo: bar",
        "Set-Cookie: flavor=chocolateChip",
        "X-Multi-Value: one",
        "X-Multi-Value: two",
        "Keep-Alive: timeout=5",
        "Content-Length: 0\r\n\r\n",
      ].join("\r\n"),
    ),
    run: async (scene) => {
      const answer = await scene.ask(GET_CLOSE);
      strictEqual(statusOf(answer), 404);
      deepStrictEqual(valuesIn(answer, "x-foo"), ["bar"]);
      deepStrictEqual(valuesIn(answer, "set-cookie"), ["flavor=chocolateChip"]);
      deepStrictEqual(valuesIn(answer, "x-multi-value"), ["one", "two"]);
      deepStrictEqual(valuesIn(answer, "keep-alive"), []);
    },
  },
  {
    n: "backend-hangup",
    script: async (peer) => {
      const head = await peer.readHead();
      if (!head.includes("mode=hangup")) await peer.write(ok200());
    },
    run: async (scene) => {
      const hangup = ["GET /?mode=hangup HTTP/1.1", "Connection: close"];
      strictEqual(statusOf(await scene.ask(hangup)), 502);
      strictEqual(statusOf(await scene.ask(GET_CLOSE)), 200);
    },
  },
  {
    n: "backend-short-body",
    script: answerOnce("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n0123456789"),
    run: async (scene) => {
      const answer = await scene.ask(["GET / HTTP/1.1"]);
      deepStrictEqual(valuesIn(answer, "content-length"), ["100"]);
      ok(answer.endsWith("0123456789"));
      await isCutOverHttp2(scene);
    },
  },
  {
    n: "backend-chunked-unfinished",
    script: answerOnce("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"),
    run: async (scene) => {
      const answer = await scene.ask(["GET / HTTP/1.1"]);
      ok(answer.includes("hello") && !answer.includes("0\r\n\r\n"), answer);
      await isCutOverHttp2(scene);
    },
  },
  {
    n: "backend-extra-data",
    script: async (peer) => {
      await peer.readHead();
      await peer.write("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfourEXTRABYTES");
      await peer.untilGone();
    },
    run: async (scene) => {
      using client = await scene.open();
      for (const _ of [1, 2]) {
        await client.write(scene.format(["GET / HTTP/1.1"]));
        const answer = await client.readUntil("\r\n\r\nfour");
        ok(answer.startsWith("HTTP/1.1 200 "), answer);
      }
      strictEqual(scene.upstream.accepted, 2);
    },
  },
  {
    // RFC 9112 §6.3.
    n: "backend-dup-length",
    script: (peer) =>
      answerBy(
        peer,
        BAD_FRAMINGS.map((each) => `HTTP/1.1 200 OK\r\n${each}\r\n\r\n4\r\nevil\r\n0\r\n\r\n`),
      ),
    run: (scene) => allAre502(scene, BAD_FRAMINGS.length),
  },
  {
    n: "backend-bad-header",
    script: (peer) => answerBy(peer, BAD_HEADERS),
    run: (scene) => allAre502(scene, BAD_HEADERS.length),
  },
  {
    n: "backend-huge-header",
    script: answerOnce(`HTTP/1.1 200 OK\r\nX-Evil: ${"evil".repeat(262_144)}\r\n\r\n`),
    run: (scene) => allAre502(scene, 1),
  },
  {
    // RFC 9110 §9.3.2.
    n: "head",
    script: async (peer) => {
      for (;;) {
        const isHead = (await peer.readHead()).startsWith("HEAD");
        await peer.write(`HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n${isHead ? "" : "hello"}`);
      }
    },
    run: async (scene) => {
      using client = await scene.open();
      await client.write(scene.format(["HEAD / HTTP/1.1"]));
      deepStrictEqual(valuesIn(await client.readUntil("\r\n\r\n"), "content-length"), ["5"]);
      await client.write(scene.format(["GET / HTTP/1.1", "Connection: close"]));
      const answer = (await client.readToEnd()).text;
      ok(answer.startsWith("HTTP/1.1 200 ") && answer.endsWith("\r\n\r\nhello"), answer);
    },
  },
  {
    // RFC 9112 §6.3: neither has a body, whatever its fields say.
    n: "204-304",
    script: async (peer) => {
      for (;;) {
        const path = (await peer.readHead()).split(" ")[1];
        const framing = path.endsWith("length")
          ? "Content-Length: 5"
          : "Transfer-Encoding: chunked";
        await peer.write(`HTTP/1.1 ${path.slice(1, 4)} X\r\n${framing}\r\n\r\n`);
      }
    },
    run: async (scene) => {
      using client = await scene.open();
      for (const path of ["204-length", "304-length", "204-chunked", "304-chunked", "204"]) {
        await client.write(scene.format([`GET /${path} HTTP/1.1`]));
        const answer = await client.readUntil("\r\n\r\n");
        strictEqual(statusOf(answer), Number(path.slice(0, 3)), answer);
        // RFC 9110 §8.6: a 204 has no length.
        if (path.startsWith("204")) deepStrictEqual(valuesIn(answer, "content-length"), []);
        deepStrictEqual(valuesIn(answer, "transfer-encoding"), []);
      }
    },
  },
  {
    n: "sse-flush",
    script: async (peer) => {
      await peer.readHead();
      await peer.write("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n");
      for (let event = 0; event < EVENTS.length; event++) {
        await peer.write(`data: ${event}\n\n`);
        // Whoever keeps this one until more has come, or the end, keeps it for ever.
        await Promise.race([EVENTS[event].promise, peer.untilGone()]);
      }
      await peer.untilGone();
    },
    run: async (scene) => {
      using client = await scene.open();
      await client.write(scene.format(["GET / HTTP/1.1"]));
      for (const [event, seen] of EVENTS.entries()) {
        match(await client.readUntil("\n\n"), new RegExp(`data: ${event}\n\n$`));
        seen.resolve();
      }
    },
  },
  {
    n: "headers-flushed-before-body",
    script: async (peer) => {
      await peer.readHead();
      await peer.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n");
      await Promise.race([HEAD_SEEN.promise, peer.untilGone()]);
      await peer.write("ok");
    },
    run: async (scene) => {
      using client = await scene.open();
      await client.write(scene.format(["GET / HTTP/1.1"]));
      // The body is not sent before.
      strictEqual(statusOf(await client.readUntil("\r\n\r\n")), 200);
      HEAD_SEEN.resolve();
      await client.readUntil("ok");
    },
  },
  {
    n: "client-gone",
    script: async (peer) => {
      await peer.readHead();
      await peer.untilGone();
    },
    run: async (scene) => {
      {
        using client = await scene.open();
        await client.write(scene.format(["GET / HTTP/1.1"]));
        await until(() => scene.heads.length === 1);
      }
      await until(() => scene.upstream.open === 0);
    },
  },
  {
    // RFC 9110 §15.2; a client of HTTP/1.1 gets interim answers.
    n: "1xx-early-hints",
    script: answerEach(`HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n${ok200()}`),
    run: async (scene) => {
      const answer = await scene.ask(GET_CLOSE);
      ok(/^HTTP\/1\.1 (103 [^]*?\r\n\r\nHTTP\/1\.1 )?200 /.test(answer), answer);
      using client = await scene.openHttp2();
      const outcome = await client.request(fieldsFor(scene));
      deepStrictEqual(outcome, { kind: "answer", status: 200, body: "ok" });
    },
  },
  {
    n: "1xx-hop",
    script: answerEach(
      `HTTP/1.1 103 Early Hints\r\nX-Early: 1\r\nLink: </a>\r\n\r\n${ok200("ok", "X-Late: 1")}`,
    ),
    run: async (scene) => {
      const answer = await scene.ask(GET_CLOSE);
      const last = answer.slice(answer.lastIndexOf("HTTP/1.1 "));
      strictEqual(statusOf(last), 200);
      deepStrictEqual(valuesIn(last, "x-late"), ["1"]);
      ok(!/x-early|link/i.test(last), last);
    },
  },
  {
    n: "trailers-announced",
    script: answerEach(
      "HTTP/1.1 200 OK\r\nTrailer: X-Trailer\r\nTransfer-Encoding: chunked\r\n\r\n" +
        "2\r\nok\r\n0\r\nX-Trailer: 1\r\n\r\n",
    ),
    run: async (scene) => {
      const answer = await scene.ask(["GET / HTTP/1.1", "TE: trailers", "Connection: TE, close"]);
      // Passed on behind the last chunk, or left out whole: never in the head.
      ok(!/x-trailer: 1/i.test(answer.slice(0, answer.indexOf("\r\n\r\n"))), answer);
      ok(/\r\n\r\n(ok|2\r\nok\r\n0\r\n(x-trailer: 1\r\n)?\r\n)$/i.test(answer), answer);
      using client = await scene.openHttp2();
      const outcome = await client.request(fieldsFor(scene));
      deepStrictEqual(outcome, { kind: "answer", status: 200, body: "ok" });
    },
  },
];

const GET_CLOSE = ["GET / HTTP/1.1", "Connection: close"];

function fieldsFor({ host }: ProxyScene) {
  return [
    [":method", "GET"],
    [":scheme", "https"],
    [":authority", host],
    [":path", "/"],
  ] as const;
}

/** RFC 9113 §8.1.1: an answer cut short is a stream that is reset. */
async function isCutOverHttp2(scene: ProxyScene): Promise<void> {
  using client = await scene.openHttp2();
  const outcome = await client.request(fieldsFor(scene));
  strictEqual(outcome.kind, "reset", JSON.stringify(outcome));
}

/** Answers the request for `/<index>` with that answer, and closes. */
async function answerBy(peer: Peer, answers: readonly string[]): Promise<void> {
  const head = await peer.readHead();
  await peer.write(answers[Number(/^GET \/(\d+)/.exec(head)?.[1])]);
}

async function allAre502(scene: ProxyScene, count: number): Promise<void> {
  for (let index = 0; index < count; index++) {
    const answer = await scene.ask([`GET /${index} HTTP/1.1`, "Connection: close"]);
    strictEqual(statusOf(answer), 502, `${index}: ${answer.slice(0, 200)}`);
    ok(!answer.includes("evil"), answer);
  }
}

async function until(isSo: () => boolean): Promise<void> {
  const wait = async () => {
    while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 5));
  };
  await withDeadline(wait(), 1_000, () => isSo.toString());
}
