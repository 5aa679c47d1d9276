/**
 * What a server sees of a request: `reverse_proxy_cases_test.ts` runs these.
 *
 * @module
 */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { valuesIn } from "../../support/head_upstream.ts";
import {
  answerEach,
  answerOnce,
  ok200,
  type ProxyCase,
  type ProxyScene,
  statusOf,
} from "../../support/proxy_case.ts";

const OK = answerEach(ok200());

/** One megabyte whose every part differs. */
const MEBIBYTE = Array.from({ length: 65_536 }, (_, index) => `${index}`.padStart(16, "x")).join(
  "",
);

export const REQUEST_CASES: readonly ProxyCase[] = [
  {
    // RFC 9110 §7.6.1.
    n: "strip-connection-nominated-request",
    script: OK,
    run: async (scene) => {
      const head = await headOf(scene, [
        "Connection: Upgrade, X-Fake-Connection-Token",
        "Connection: X-Some-Conn-Header, close",
        "X-Fake-Connection-Token: 1",
        "X-Some-Conn-Header: 2",
      ]);
      for (const name of ["x-fake-connection-token", "x-some-conn-header"]) {
        deepStrictEqual(valuesIn(head, name), []);
      }
      ok(!/^connection:.*(upgrade|x-)/mi.test(head), head);
    },
  },
  {
    n: "strip-empty-connection",
    script: OK,
    run: async (scene) => {
      const head = await headOf(scene, [
        "Connection:",
        "Connection: ,X-Some-Conn-Header,, close",
        "X-Some-Conn-Header: 1",
      ]);
      deepStrictEqual(valuesIn(head, "x-some-conn-header"), []);
      ok(!/^connection:.*(,|x-)/mi.test(head), head);
    },
  },
  {
    n: "hop-by-hop-request",
    script: OK,
    run: async (scene) => {
      const head = await headOf(scene, [
        "Keep-Alive: timeout=5",
        "Proxy-Connection: should be deleted",
        "TE: foo",
        "TE: bar, trailers",
        "Upgrade: foo",
        "Trailer: X-Trailer",
        "Cookie: flavor=chocolateChip",
        "Connection: close",
      ]);
      for (const name of ["keep-alive", "proxy-connection", "upgrade"]) {
        deepStrictEqual(valuesIn(head, name), [], name);
      }
      ok(["", "trailers"].includes(valuesIn(head, "te").join("; ")), head);
      deepStrictEqual(valuesIn(head, "host"), [scene.host]);
      deepStrictEqual(valuesIn(head, "cookie"), ["flavor=chocolateChip"]);
    },
  },
  {
    n: "xff-several-lines",
    script: OK,
    run: async (scene) => {
      const lines = ["foo", "bar", "bazz"].map((value) => `X-Forwarded-For: ${value}`);
      const head = await headOf(scene, [...lines, "Connection: close"]);
      // Nobody is trusted here; xff-append has a proxy that is.
      deepStrictEqual(valuesIn(head, "x-forwarded-for"), ["127.0.0.1"]);
    },
  },
  {
    n: "forwarded-spoof",
    script: OK,
    run: async (scene) => {
      const head = await headOf(scene, [
        "Forwarded: for=192.0.2.1;host=evil.test;proto=ftp",
        "X-Forwarded-Host: evil.test",
        "X-Forwarded-Proto: ftp",
        "X-Forwarded-Port: 1",
        "X-Real-IP: 192.0.2.1",
        "Connection: close",
      ]);
      ok(!/evil|ftp|192\.0\.2\.1/.test(head), head);
      deepStrictEqual(valuesIn(head, "x-forwarded-proto"), ["https"]);
      deepStrictEqual(valuesIn(head, "x-forwarded-host"), [scene.host]);
    },
  },
  targetCase("query-raw-kept", "/?a=1;b=2&c=%zz&d=%ff&+x"),
  targetCase("path-raw-kept", "/a%2Fb//c/./d?x"),
  {
    n: "user-agent-absent",
    script: OK,
    run: async (scene) => {
      deepStrictEqual(valuesIn(await headOf(scene, ["Connection: close"]), "user-agent"), []);
    },
  },
  {
    n: "post-body",
    script: async (peer) => {
      const head = await peer.readHead();
      // RFC 9112 §6.2: never both framings.
      deepStrictEqual(valuesIn(head, "transfer-encoding"), []);
      let left = Number(valuesIn(head, "content-length"));
      await peer.write(`HTTP/1.1 200 OK\r\nContent-Length: ${left}\r\n\r\n`);
      while (left > 0) {
        const bytes = await peer.read();
        if (bytes === undefined) return;
        left -= bytes.length;
        await peer.write(bytes);
      }
    },
    run: async (scene) => {
      const answer = await scene.ask([
        "POST / HTTP/1.1",
        `Content-Length: ${MEBIBYTE.length}`,
        "Connection: close",
      ], MEBIBYTE);
      strictEqual(statusOf(answer), 200);
      strictEqual(answer.slice(answer.indexOf("\r\n\r\n") + 4) === MEBIBYTE, true);
    },
  },
  {
    n: "post-no-body",
    script: answerEach(ok200()),
    run: async (scene) => {
      for (const fields of [["Content-Length: 0"], []]) {
        const head = await headOf(scene, [...fields, "Connection: close"], "POST");
        deepStrictEqual(valuesIn(head, "transfer-encoding"), []);
        ok(["", "0"].includes(valuesIn(head, "content-length").join()), head);
      }
    },
  },
  {
    n: "trailers-forbidden",
    script: async (peer) => {
      await peer.readHead();
      let body = "";
      while (!body.endsWith("\r\n\r\n")) body += new TextDecoder().decode(await peer.read(1));
      await peer.write(ok200(body));
    },
    run: async (scene) => {
      const trailers = ["Content-Length: 99", "Host: evil.test", "TE: trailers", "X-Fine: 1"];
      const body = `5\r\nhello\r\n0\r\n${trailers.join("\r\n")}\r\n\r\n`;
      const answer = await scene.ask(
        ["POST / HTTP/1.1", "Transfer-Encoding: chunked", "Connection: close"],
        body,
      );
      // RFC 9110 §6.5.1: refused, or left out; merged into the head never.
      if (statusOf(answer) === 200) {
        ok(!/content-length: 99|evil|\nTE/i.test(bodyOf(answer)), answer);
      } else strictEqual(statusOf(answer), 400);
      for (const head of scene.heads) {
        deepStrictEqual(valuesIn(head, "host"), [scene.host]);
        // Not for 99 alone: the process's own name in Via is random.
        deepStrictEqual(valuesIn(head, "content-length"), []);
        ok(!head.includes("evil"), head);
      }
    },
  },
  {
    n: "non-idempotent-retry",
    script: async (peer) => {
      await peer.readHead();
      await peer.read();
    },
    run: async (scene) => {
      const fields = ["Content-Length: 5", "Connection: close"];
      const answer = await scene.ask(["POST / HTTP/1.1", ...fields], "hello");
      strictEqual(statusOf(answer), 502);
      strictEqual(scene.heads.length, 1);
    },
  },
  {
    n: "keepalive-backend-closed",
    // One request per connection, though nothing says so.
    script: answerOnce(ok200()),
    run: async (scene) => {
      using client = await scene.open();
      for (const _ of [1, 2]) {
        await client.write(scene.format(["GET / HTTP/1.1"]));
        strictEqual(statusOf(await client.readUntil("\r\n\r\nok")), 200);
        await untilNone(scene);
      }
      strictEqual(scene.heads.length, 2);
    },
  },
];

function targetCase(n: string, target: string): ProxyCase {
  return {
    n,
    script: OK,
    run: async (scene) => {
      strictEqual(
        statusOf(await scene.ask([`GET ${target} HTTP/1.1`, "Connection: close"])),
        200,
      );
      strictEqual(scene.heads[0].split("\r\n")[0], `GET ${target} HTTP/1.1`);
    },
  };
}

/** Sends a request and returns the head that the server saw of it. */
async function headOf(
  scene: ProxyScene,
  fields: readonly string[],
  method = "GET",
): Promise<string> {
  const before = scene.heads.length;
  const answer = await scene.ask([`${method} / HTTP/1.1`, ...fields]);
  strictEqual(statusOf(answer), 200, answer);
  strictEqual(scene.heads.length, before + 1);
  return scene.heads[before];
}

function bodyOf(answer: string): string {
  return answer.slice(answer.indexOf("\r\n\r\n") + 4);
}

/** Waits until the server has closed what it had: its script ends after one answer. */
async function untilNone({ upstream }: ProxyScene): Promise<void> {
  for (let turn = 0; upstream.open > 0 && turn < 100; turn++) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  strictEqual(upstream.open, 0);
}
