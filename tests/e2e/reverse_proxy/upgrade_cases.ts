/**
 * Upgrades, and request bodies that wait for the server: `reverse_proxy_cases_test.ts` runs these.
 *
 * @module
 */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { withDeadline } from "../../support/deadline.ts";
import { valuesIn } from "../../support/head_upstream.ts";
import {
  answerEach,
  ok200,
  type ProxyCase,
  type ProxyScene,
  statusOf,
} from "../../support/proxy_case.ts";
import type { Peer } from "../../support/broken_upstream.ts";
import type { RawClient } from "../../support/raw_client.ts";

const SWITCH = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
  "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: chat\r\n\r\n";

const UPGRADE = [
  "GET /chat HTTP/1.1",
  "Connection: Upgrade",
  "Upgrade: websocket",
  "Sec-WebSocket-Version: 13",
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
  "Sec-WebSocket-Protocol: chat, superchat",
];

export const UPGRADE_CASES: readonly ProxyCase[] = [
  {
    // RFC 9110 §15.2.2: nobody asked for it.
    n: "101-unasked",
    script: answerEach(`${SWITCH}tunnelled`),
    run: async (scene) => {
      const answer = await scene.ask(["GET / HTTP/1.1", "Connection: close"]);
      strictEqual(statusOf(answer), 502);
      ok(!answer.includes("tunnelled"));
    },
  },
  {
    n: "websocket-ok",
    script: async (peer) => {
      await peer.readHead();
      await peer.write(`${SWITCH}early`);
      for (let bytes = await peer.read(); bytes !== undefined; bytes = await peer.read()) {
        await peer.write(bytes);
      }
    },
    run: async (scene) => {
      using client = await scene.open();
      // What follows the head at once belongs to the tunnel as well.
      await client.write(`${scene.format(UPGRADE)}at once`);
      const head = await client.readUntil("\r\n\r\n");
      strictEqual(statusOf(head), 101);
      deepStrictEqual(valuesIn(head, "sec-websocket-protocol"), ["chat"]);
      deepStrictEqual(valuesIn(head, "sec-websocket-accept"), ["s3pPLMBiTxaQ9kYGzzhZRbK+xOo="]);
      strictEqual(await client.readUntil("earlyat once"), "earlyat once");
      await client.write("\x81\x00\xff later");
      strictEqual(await client.readUntil(" later"), "\x81\x00\xff later");
      deepStrictEqual(valuesIn(scene.heads[0], "upgrade"), ["websocket"]);
      deepStrictEqual(valuesIn(scene.heads[0], "sec-websocket-protocol"), ["chat, superchat"]);
    },
  },
  {
    n: "websocket-refused",
    script: async (peer) => {
      for (;;) {
        const isUpgrade = /^upgrade:/mi.test(await peer.readHead());
        await peer.write(
          isUpgrade
            ? "HTTP/1.1 403 Forbidden\r\nX-Why: origin\r\nContent-Length: 7\r\n\r\nrefused"
            : ok200(),
        );
      }
    },
    run: async (scene) => {
      using client = await scene.open();
      await client.write(scene.format(UPGRADE));
      const answer = await client.readUntil("refused");
      strictEqual(statusOf(answer), 403);
      deepStrictEqual(valuesIn(answer, "x-why"), ["origin"]);
      await client.write(scene.format(["GET / HTTP/1.1"]));
      strictEqual(statusOf(await client.readUntil("\r\n\r\nok")), 200);
    },
  },
  {
    n: "websocket-cancel",
    script: async (peer) => {
      const head = await peer.readHead();
      await peer.write(SWITCH);
      if (head.includes("/server-ends")) return;
      await peer.untilGone();
      // Its client has only ended its side: what comes now must still arrive.
      await peer.write("after your end");
    },
    run: async (scene) => {
      {
        using client = await openTunnel(scene, UPGRADE);
        void client;
      }
      await untilClosed(scene);
      using halfClosed = await openTunnel(scene, UPGRADE);
      await halfClosed.end();
      strictEqual((await halfClosed.readToEnd()).text, "after your end");
      await untilClosed(scene);
      const [, ...fields] = UPGRADE;
      using ended = await openTunnel(scene, ["GET /server-ends HTTP/1.1", ...fields]);
      strictEqual((await ended.readToEnd()).text, "");
    },
  },
  {
    // A request with a body is sent as such: the server decides.
    n: "upgrade-with-body",
    script: async (peer) => {
      await peer.readHead();
      await peer.write(ok200(await readBytes(peer, 5)));
    },
    run: async (scene) => {
      const [, ...fields] = UPGRADE;
      using client = await scene.open();
      await client.write(
        scene.format(["POST / HTTP/1.1", ...fields, "Content-Length: 5"]) + "hello",
      );
      const answer = await client.readUntil("\r\n\r\nhello");
      strictEqual(statusOf(answer), 200);
      strictEqual(scene.heads.length, 1);
    },
  },
  {
    // RFC 9110 §10.1.1.
    n: "expect-100",
    script: async (peer) => {
      const head = await peer.readHead();
      if (head.includes("/417")) {
        await peer.write("HTTP/1.1 417 Expectation Failed\r\nContent-Length: 2\r\n\r\nno");
        return await peer.untilGone();
      }
      if (/^expect:/mi.test(head)) await peer.write("HTTP/1.1 100 Continue\r\n\r\n");
      await peer.write(ok200(await readBytes(peer, 5)));
    },
    run: async (scene) => {
      const fields = ["Expect: 100-continue", "Content-Length: 5"];
      using patient = await scene.open();
      await patient.write(scene.format(["POST / HTTP/1.1", ...fields]));
      strictEqual(statusOf(await patient.readUntil("\r\n\r\n")), 100);
      await patient.write("hello");
      strictEqual(statusOf(await patient.readUntil("\r\n\r\nhello")), 200);
      using refused = await scene.open();
      await refused.write(scene.format(["POST /417 HTTP/1.1", ...fields]));
      const answer = await refused.readUntil("\r\n\r\nno");
      strictEqual(statusOf(answer.replace(/^HTTP\/1\.1 100 .*\r\n\r\n/, "")), 417, answer);
    },
  },
  {
    n: "post-chunked-stream",
    script: async (peer) => {
      await peer.readHead();
      await peer.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
      for (const part of ["one", "two", "six"]) {
        let text = "";
        while (!text.includes(part)) text += new TextDecoder().decode(await peer.read());
        await peer.write(`3\r\n${part}\r\n`);
      }
      await peer.write("0\r\n\r\n");
    },
    run: async (scene) => {
      using client = await scene.open();
      await client.write(scene.format(["POST / HTTP/1.1", "Transfer-Encoding: chunked"]));
      for (const part of ["one", "two", "six"]) {
        // The next part is sent only when this one has come back.
        await client.write(`3\r\n${part}\r\n`);
        await client.readUntil(part);
      }
      await client.write("0\r\n\r\n");
      await client.readUntil("0\r\n\r\n");
    },
  },
  makeGoneMidUpload(),
];

function makeGoneMidUpload(): ProxyCase {
  /** Bodies that were read to an end, by the length that was announced; 0 for none. */
  const received = new Map<number, string>();
  return {
    n: "client-gone-mid-upload",
    script: async (peer) => {
      const head = await peer.readHead();
      const length = Number(valuesIn(head, "content-length"));
      let text = "";
      for (let bytes = await peer.read(); bytes !== undefined; bytes = await peer.read()) {
        text += new TextDecoder().decode(bytes);
      }
      received.set(length, text);
    },
    run: async (scene) => {
      {
        using client = await scene.open();
        await client.write(
          `${scene.format(["POST / HTTP/1.1", "Content-Length: 100"])}0123456789`,
        );
        await until(() => scene.heads.length === 1);
      }
      await untilClosed(scene);
      // Either it was reset, or it ended before its hundred bytes.
      ok((received.get(100) ?? "").length <= 10);
      {
        using client = await scene.open();
        await client.write(
          `${scene.format(["POST / HTTP/1.1", "Transfer-Encoding: chunked"])}5\r\nhello\r\n`,
        );
        await until(() => scene.heads.length === 2);
      }
      await untilClosed(scene);
      ok(!(received.get(0) ?? "").endsWith("0\r\n\r\n"));
    },
  };
}

async function openTunnel(scene: ProxyScene, lines: readonly string[]): Promise<RawClient> {
  const client = await scene.open();
  await client.write(scene.format(lines));
  strictEqual(statusOf(await client.readUntil("\r\n\r\n")), 101);
  return client;
}

async function readBytes(peer: Peer, count: number): Promise<string> {
  let text = "";
  while (text.length < count) {
    const bytes = await peer.read(count - text.length);
    if (bytes === undefined) throw new Error("the body ended before it was whole");
    text += new TextDecoder().decode(bytes);
  }
  return text;
}

async function untilClosed(scene: ProxyScene): Promise<void> {
  await until(() => scene.upstream.open === 0);
}

async function until(isSo: () => boolean): Promise<void> {
  const wait = async () => {
    while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 5));
  };
  await withDeadline(wait(), 1_000, () => isSo.toString());
}
