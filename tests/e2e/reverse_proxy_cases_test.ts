import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { buildClientHello } from "../support/client_hello_builder.ts";
import { startBrokenUpstream } from "../support/broken_upstream.ts";
import { startHeadUpstream, valuesIn } from "../support/head_upstream.ts";
import { findFreePort } from "../support/free_port.ts";
import { answerEach, ok200, runProxyCases, statusOf } from "../support/proxy_case.ts";
import { openTcp } from "../support/raw_client.ts";
import { passTo, startWithRoutes, type YamlMapping } from "../support/routes.ts";
import { HTTP2_CASES } from "./reverse_proxy/http2_cases.ts";
import { REQUEST_CASES } from "./reverse_proxy/request_cases.ts";
import { RESPONSE_CASES } from "./reverse_proxy/response_cases.ts";
import { UPGRADE_CASES } from "./reverse_proxy/upgrade_cases.ts";

const TABLES = {
  requests: REQUEST_CASES,
  answers: RESPONSE_CASES,
  upgrades: UPGRADE_CASES,
  "HTTP/2": HTTP2_CASES,
};

/** Behaviours that need a Postern of their own: the tests below. */
const ALONE = [
  "xff-append",
  "next-upstream",
  "server-first-protocol",
  "postgres-starttls",
  "half-close",
  "proxy-out-buffered",
];

/** Behaviours that other files hold, with the names of tests in them. */
const ELSEWHERE: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  "tls-terminate-after-passthrough-split": {
    "passthrough_routing_test.ts": [
      "passthrough: each name reaches its own server, and any other gets an alert",
      "passthrough: the catch-all takes unknown names, IP literals and clients without a name",
      "passthrough: versions, ALPN and groups are the client's and the server's business",
    ],
    "offload_hosts_test.ts": ["offload: hosts on a connection for another name"],
  },
};

/** The corpus beside the project; it need not be there. */
const CORPUS = new URL("../../../shared/corpus/reverse_proxy_cases.json", import.meta.url);

/** How soon a client that says nothing is left, in milliseconds. */
const HELLO_TIMEOUT_MS = 500;

/** The same where nobody has to wait for it: longer than a test does. */
const HELLO_TIMEOUT_LONG_MS = 60_000;

for (const [name, cases] of Object.entries(TABLES)) {
  Deno.test(`reverse proxy: ${name}`, (context) => runProxyCases(context, cases));
}

/** Who is believed, and what the server is then told of a client that came through 192.0.2.7. */
const FORWARDED: readonly [top: YamlMapping, seen: string][] = [
  [{}, "127.0.0.1"],
  [{ trusted_proxies: ["192.0.2.0/24"] }, "127.0.0.1"],
  [{ trusted_proxies: ["127.0.0.0/8"] }, "192.0.2.7, 127.0.0.1"],
];

for (const [top, seen] of FORWARDED) {
  Deno.test(`reverse proxy: xff-append with ${JSON.stringify(top)}`, async (context) => {
    await runProxyCases(context, [{
      n: "xff-append",
      script: answerEach(ok200()),
      run: async (scene) => {
        await scene.ask(["GET / HTTP/1.1", "X-Forwarded-For: 192.0.2.7", "Connection: close"]);
        deepStrictEqual(valuesIn(scene.heads[0], "x-forwarded-for"), [seen]);
      },
    }], top);
  });
}

Deno.test("reverse proxy: next-upstream", async (context) => {
  const down = `http://127.0.0.1:${findFreePort()}`;
  await using second = startBrokenUpstream(answerEach(ok200("second")));
  const upstreams = [down, `http://127.0.0.1:${second.address.port}`];
  await runProxyCases(context, [{
    n: "next-upstream",
    script: answerEach(ok200()),
    route: { upstream: undefined, upstreams },
    run: async (scene) => {
      for (const _ of upstreams) {
        const answer = await scene.ask(["GET / HTTP/1.1", "Connection: close"]);
        strictEqual(statusOf(answer), 200, answer);
        ok(answer.endsWith("second"), answer);
      }
    },
  }]);
});

Deno.test("reverse proxy: server-first-protocol and postgres-starttls", async (context) => {
  await using upstream = startHeadUpstream();
  const start = (helloMs: number) =>
    startWithRoutes(
      [passTo("*", `127.0.0.1:${upstream.address.port}`)],
      { top: { defaults: { timeouts: { hello: `${helloMs}ms` } } } },
    );
  await context.step("server-first-protocol: closed at the peek's limit", async () => {
    await using postern = await start(HELLO_TIMEOUT_MS);
    const startedAt = performance.now();
    using client = await openTcp(postern.https[0]);
    strictEqual((await client.readToEnd()).text, "");
    const afterMs = performance.now() - startedAt;
    // The default limit is over after 5 s.
    ok(afterMs >= HELLO_TIMEOUT_MS * 0.8 && afterMs < 4_500, `${afterMs} ms`);
  });
  await context.step("postgres-starttls: not TLS, refused at once", async () => {
    await using postern = await start(HELLO_TIMEOUT_LONG_MS);
    using client = await openTcp(postern.https[0]);
    await client.write("\x00\x00\x00\x08\x04\xd2\x16\x2f");
    await client.readToEnd(HELLO_TIMEOUT_LONG_MS / 2);
  });
  strictEqual(upstream.accepted, 0);
});

Deno.test("reverse proxy: half-close and proxy-out-buffered", async () => {
  const hello = buildClientHello({ serverName: "a.test", padTo: 600 });
  const heads: string[] = [];
  await using upstream = startBrokenUpstream(async (peer) => {
    const bytes: number[] = [];
    for (let piece = await peer.read(); piece !== undefined; piece = await peer.read()) {
      bytes.push(...piece);
    }
    heads.push(String.fromCharCode(...bytes));
    // The client has ended its side and still gets an answer, a while later and whole.
    await new Promise((resolve) => setTimeout(resolve, 300));
    await peer.write("late ".repeat(20_000));
  });
  await using postern = await startWithRoutes([
    passTo("a.test", `127.0.0.1:${upstream.address.port}`, { proxy_protocol: "v1" }),
  ]);
  using client = await openTcp(postern.https[0]);
  const { port } = client.connection.localAddr as Deno.NetAddr;
  await client.write(hello);
  await client.end();
  const { text, how } = await client.readToEnd();
  deepStrictEqual([text.length, how], [100_000, "end"]);
  const header = `PROXY TCP4 127.0.0.1 127.0.0.1 ${port} ${postern.https[0].port}\r\n`;
  deepStrictEqual(heads, [header + String.fromCharCode(...hello)]);
});

Deno.test({
  name: `reverse proxy: every behaviour of the corpus has a test${
    isThere(CORPUS) ? "" : " (skipped: the corpus is not there)"
  }`,
  ignore: !isThere(CORPUS),
  fn: () => {
    const names: string[] = JSON.parse(Deno.readTextFileSync(CORPUS)).map(
      ({ n }: { n: string }) => n,
    );
    const held = [
      ...Object.values(TABLES).flat().map(({ n }) => n),
      ...ALONE,
      ...Object.keys(ELSEWHERE),
    ];
    deepStrictEqual(held.sort(), names.sort());
  },
});

Deno.test("reverse proxy: the tests of other files are there", () => {
  for (const [file, tests] of Object.values(ELSEWHERE).flatMap(Object.entries)) {
    const text = Deno.readTextFileSync(new URL(file, import.meta.url));
    for (const test of tests as string[]) ok(text.includes(test), `${file} has no test "${test}"`);
  }
});

function isThere(file: URL): boolean {
  try {
    return Deno.statSync(file).isFile;
  } catch {
    return false; // The corpus is no part of the project.
  }
}
