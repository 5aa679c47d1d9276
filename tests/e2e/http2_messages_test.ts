/** Messages between a client of HTTP/2 and a server of HTTP/1.1, the whole way through Postern. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import type { Peer, Script } from "../support/broken_upstream.ts";
import {
  CODE,
  encodeData,
  encodeFields,
  encodeHeaders,
  encodeReset,
  FLAG,
  type RawField,
} from "../support/http2_frames.ts";
import { valuesIn } from "../support/head_upstream.ts";
import {
  answerEach,
  ok200,
  type ProxyCase,
  type ProxyScene,
  runProxyCases,
} from "../support/proxy_case.ts";

const CHUNKED = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n";

/** What a script has read behind the head, by the case's name. */
const bodies = new Map<string, { text: string; isOver: boolean }>();

/** Reads on until the connection ends, and notes what came. */
async function note(name: string, peer: Peer): Promise<void> {
  const seen = { text: "", isOver: false };
  bodies.set(name, seen);
  try {
    for (let bytes; (bytes = await peer.read()) !== undefined;) {
      seen.text += new TextDecoder().decode(bytes);
    }
  } finally {
    seen.isOver = true;
  }
}

/** Reads a head, notes the body, and answers when it has come so far. */
function echoWhen(name: string, isWhole: (text: string) => boolean): Script {
  return async (peer) => {
    await peer.readHead();
    const noting = note(name, peer);
    while (!isWhole(bodies.get(name)!.text)) await pause();
    await peer.write(ok200());
    await noting;
  };
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 5));
}

/** Waits until the server has seen the end of its connection. */
async function bodyOf(name: string): Promise<string> {
  const endsAt = performance.now() + 30_000;
  while (bodies.get(name)?.isOver !== true) {
    if (performance.now() > endsAt) throw new Error(`${name}: ${JSON.stringify(bodies.get(name))}`);
    await pause();
  }
  return bodies.get(name)!.text;
}

/** Ways in which a client gives an upload up. */
const CUTS: readonly { readonly n: string; readonly code: number | "connection" }[] = [
  { n: "cancel", code: CODE.cancel },
  { n: "no-error", code: CODE.noError },
  { n: "internal-error", code: CODE.internalError },
  { n: "connection", code: "connection" },
];

const MESSAGES: readonly ProxyCase[] = [
  {
    n: "hints",
    script: answerEach(
      "HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\nConnection: x\r\nX: 1\r\n\r\n" +
        `HTTP/1.1 103 Early Hints\r\nLink: </b.css>\r\n\r\n${ok200()}`,
    ),
    run: async (scene) => {
      await using client = await scene.openStrictHttp2();
      const { head, interim, body } = await client.outcome(await client.open());
      deepStrictEqual([head?.status, body], [200, "ok"]);
      deepStrictEqual(interim, [
        { status: 103, headers: [["link", "</a.css>"]] },
        { status: 103, headers: [["link", "</b.css>"]] },
      ]);
    },
  },
  {
    n: "continue",
    script: async (peer) => {
      await peer.readHead();
      await peer.write("HTTP/1.1 100 Continue\r\n\r\n");
      await peer.read();
      await peer.write(ok200());
    },
    run: async (scene) => {
      await using client = await scene.openStrictHttp2();
      const id = await client.open({
        method: "POST",
        fields: [["expect", "100-continue"], ["content-length", "5"]],
        isWhole: false,
      });
      await client.until(() => client.witness.stream(id).interim.length > 0, "100");
      await client.send(encodeData(id, "hello", FLAG.endStream));
      const { head, interim } = await client.outcome(id);
      deepStrictEqual([head?.status, interim], [200, [{ status: 100, headers: [] }]]);
      deepStrictEqual(valuesIn(scene.heads[0], "expect"), ["100-continue"]);
    },
  },
  {
    n: "continue-refused",
    script: async (peer) => {
      await peer.readHead();
      await peer.write("HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n");
      await note("continue-refused", peer);
    },
    run: async (scene) => {
      await using client = await scene.openStrictHttp2();
      const fields: RawField[] = [["expect", "100-continue"], ["content-length", "5"]];
      const id = await client.open({ method: "POST", fields, isWhole: false });
      const { head, interim } = await client.outcome(id);
      deepStrictEqual([head?.status, interim], [401, []]);
      await client.until(() => client.witness.stream(id).resetCode === CODE.noError, "NO_ERROR");
      strictEqual(await bodyOf("continue-refused"), "");
    },
  },
  {
    n: "trailers-down",
    script: answerEach(
      `${CHUNKED}Trailer: X-Sum\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 1\r\nX-B: 2\r\n\r\n`,
    ),
    run: async (scene) => {
      await using client = await scene.openStrictHttp2();
      const { body, trailers, isEnded } = await client.outcome(await client.open());
      deepStrictEqual([body, trailers, isEnded], ["ok", [["x-sum", "1"], ["x-b", "2"]], true]);
    },
  },
  {
    n: "trailers-up",
    script: echoWhen("trailers-up", (text) => /\r\n0\r\n[^]*\r\n\r\n$/.test(text)),
    run: async (scene) => {
      await using client = await scene.openStrictHttp2();
      const id = await client.open({ method: "POST", isWhole: false });
      const trailers = encodeFields([["x-sum", "1"], ["host", "evil.test"], ["x-b", "2"]]);
      await client.send(encodeData(id, "hello"), encodeHeaders(id, trailers));
      strictEqual((await client.outcome(id)).head?.status, 200);
      const text = bodies.get("trailers-up")!.text;
      strictEqual(text.toLowerCase(), "5\r\nhello\r\n0\r\nx-sum: 1\r\nx-b: 2\r\n\r\n");
    },
  },
  ...(["GET", "DELETE"] as const).flatMap((method) =>
    [undefined, "5"].map((length): ProxyCase => {
      const n = `body-of-${method.toLowerCase()}-${length ?? "unknown"}`;
      return {
        n,
        script: echoWhen(n, (text) =>
          text.includes("hello") && (length !== undefined || text.endsWith("0\r\n\r\n"))),
        run: async (scene) => {
          await using client = await scene.openStrictHttp2();
          const fields: RawField[] = length === undefined ? [] : [["content-length", length]];
          const id = await client.open({ method, fields, isWhole: false });
          await client.send(encodeData(id, "hello", FLAG.endStream));
          strictEqual((await client.outcome(id)).head?.status, 200);
          deepStrictEqual(
            valuesIn(scene.heads[0], "content-length"),
            length === undefined ? [] : ["5"],
          );
        },
      };
    })
  ),
  {
    n: "head-204-304",
    script: async (peer) => {
      for (;;) {
        const path = (await peer.readHead()).split(" ")[1];
        const status = path === "/" ? "200 OK" : `${path.slice(1)} x`;
        const length = path === "/204" ? "" : "Content-Length: 77\r\n";
        await peer.write(`HTTP/1.1 ${status}\r\n${length}\r\n`);
      }
    },
    run: async (scene) => {
      await using client = await scene.openStrictHttp2();
      for (
        const [method, path, length] of [["HEAD", "/", "77"], ["GET", "/204"], [
          "GET",
          "/304",
          "77",
        ]]
      ) {
        const { head, bodyBytes, isEnded } = await client.outcome(
          await client.open({ method, path }),
        );
        deepStrictEqual([bodyBytes, isEnded], [0, true]);
        const lengths = head?.headers.filter(([name]) => name === "content-length");
        deepStrictEqual(lengths, length === undefined ? [] : [["content-length", length]]);
      }
    },
  },
  {
    n: "early-answer",
    script: async (peer) => {
      await peer.readHead();
      await peer.read();
      await peer.write("HTTP/1.1 413 No\r\nContent-Length: 5\r\nConnection: close\r\n\r\nearly");
    },
    run: async (scene) => {
      await using client = await scene.openStrictHttp2();
      for (let count = 0; count < 3; count++) {
        const id = await client.open({ method: "POST", isWhole: false });
        await client.write(id, new Uint8Array(500_000));
        const { head, body, isEnded } = await client.outcome(id);
        deepStrictEqual([head?.status, body, isEnded], [413, "early", true]);
        await client.until(() => client.witness.stream(id).resetCode === CODE.noError, "NO_ERROR");
      }
    },
  },
  ...CUTS.map(({ n, code }): ProxyCase => ({
    n: `cut-${n}`,
    script: async (peer) => {
      await peer.readHead();
      await note(`cut-${n}`, peer);
    },
    run: async (scene) => {
      await using client = await scene.openStrictHttp2();
      const id = await client.open({ method: "POST", isWhole: false });
      await client.send(encodeData(id, "half"));
      while (!bodies.get(`cut-${n}`)?.text.includes("half")) await pause();
      if (code === "connection") client.cut();
      else await client.send(encodeReset(id, code));
      const text = await bodyOf(`cut-${n}`);
      ok(!/(?:^|\r\n)0\r\n/.test(text), JSON.stringify(text));
    },
  })),
  {
    n: "wrong-length",
    script: async (peer) => {
      await peer.readHead();
      await note("wrong-length", peer);
    },
    run: async (scene) => {
      await using client = await scene.openStrictHttp2();
      for (const length of ["4", "6"]) {
        bodies.delete("wrong-length");
        const fields: RawField[] = [["content-length", length]];
        const id = await client.open({ method: "POST", fields, isWhole: false });
        await client.send(encodeData(id, "hello", FLAG.endStream));
        strictEqual((await client.outcome(id)).resetCode, CODE.protocolError);
        // It may have been refused before the server was asked.
        if (bodies.has("wrong-length")) ok((await bodyOf("wrong-length")).length < Number(length));
      }
    },
  },
  {
    n: "broken-answer",
    script: async (peer) => {
      await peer.readHead();
      await peer.write(`${CHUNKED}\r\n4\r\nhalf\r\n`);
    },
    run: async (scene) => {
      await using client = await scene.openStrictHttp2();
      const { body, isEnded, resetCode } = await client.outcome(await client.open());
      deepStrictEqual([body, isEnded, resetCode], ["half", false, CODE.internalError]);
    },
  },
  {
    n: "fields",
    script: answerEach(
      ok200("ok", "Set-Cookie: b=2", "X-A: \xe9\xff", "Set-Cookie: a=1", "X-A: 2", "X-Empty:"),
    ),
    run: async (scene) => {
      await using client = await scene.openStrictHttp2();
      const fields: RawField[] = [
        ["cookie", "a=1"],
        ["x-b", "\xe9\xff"],
        ["cookie", "b=2"],
        ["x-b", "1"],
        ["te", "trailers"],
      ];
      const { head } = await client.outcome(await client.open({ path: "/a%2Fb//?x", fields }));
      const seen = head?.headers.filter(([name]) => /^(?:x-|set-)/.test(name));
      deepStrictEqual(seen, [
        ["set-cookie", "b=2"],
        ["x-a", "\xe9\xff"],
        ["set-cookie", "a=1"],
        ["x-a", "2"],
        ["x-empty", ""],
      ]);
      match(scene.heads[0], /^GET \/a%2Fb\/\/\?x HTTP\/1\.1\r\n/);
      deepStrictEqual(valuesIn(scene.heads[0], "cookie"), ["a=1; b=2"]);
      deepStrictEqual(valuesIn(scene.heads[0], "x-b"), ["\xe9\xff", "1"]);
      deepStrictEqual(valuesIn(scene.heads[0], "te"), []);
    },
  },
  {
    n: "client-leaves",
    script: async (peer) => {
      await peer.readHead();
      await peer.write(`${CHUNKED}\r\n`);
      await note("client-leaves", peer);
    },
    run: async (scene: ProxyScene) => {
      await using client = await scene.openStrictHttp2();
      const id = await client.open();
      await client.until(() => client.witness.stream(id).head !== undefined, "the head");
      await client.send(encodeReset(id));
      strictEqual(await bodyOf("client-leaves"), "", "its server is let go at once");
    },
  },
];

Deno.test("HTTP/2 messages reach the server and the client as they were sent", async (context) => {
  await runProxyCases(context, MESSAGES);
});
