import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { curl, headerOf } from "../support/curl.ts";
import type { BrokenUpstream } from "../support/broken_upstream.ts";
import { internalCaFile, offloadTo, startWithRoutes } from "../support/routes.ts";
import type { Postern } from "../support/postern.ts";
import { startBrokenUpstream } from "../support/broken_upstream.ts";
import { startHeadUpstream, valuesIn } from "../support/head_upstream.ts";
import { testWithPrograms } from "../support/installed.ts";
import { testWithIpv6 } from "../support/ipv6.ts";

const VERSIONS = ["--http1.1", "--http2"];

async function startFor(upstream: BrokenUpstream, https = "127.0.0.1:0"): Promise<Postern> {
  return await startWithRoutes([
    offloadTo("a.test", `http://127.0.0.1:${upstream.address.port}`),
  ], { top: { listen: { https } } });
}

/** Asks with headers and returns the head that the upstream got. */
async function ask(postern: Postern, args: readonly string[], path = "/"): Promise<string> {
  const to = postern.https[0];
  const seen = await curl(`https://a.test${path}`, { to, caFile: internalCaFile(postern), args });
  strictEqual(seen.status, 200, seen.error);
  return seen.body;
}

for (const version of VERSIONS) {
  testWithPrograms(["curl"], `offload: the upstream is told who asks (${version})`, async () => {
    await using upstream = startHeadUpstream();
    await using postern = await startFor(upstream);
    const head = await ask(postern, [version, "--interface", "127.0.0.5"]);
    deepStrictEqual(valuesIn(head, "host"), ["a.test"]);
    deepStrictEqual(valuesIn(head, "x-forwarded-for"), ["127.0.0.5"]);
    deepStrictEqual(valuesIn(head, "x-forwarded-proto"), ["https"]);
    deepStrictEqual(valuesIn(head, "x-forwarded-host"), ["a.test"]);
    deepStrictEqual(valuesIn(head, "x-real-ip"), ["127.0.0.5"]);
    deepStrictEqual(valuesIn(head, "forwarded"), ["for=127.0.0.5;host=a.test;proto=https"]);
    match(valuesIn(head, "via").join(), /^(1\.1|2|2\.0) postern-\w+$/);
  });

  testWithPrograms(
    ["curl"],
    `offload: a client cannot say who it is itself (${version})`,
    async () => {
      await using upstream = startHeadUpstream();
      await using postern = await startFor(upstream);
      const forged = [
        "X-Forwarded-For: 6.6.6.6",
        "X-Forwarded-For: 7.7.7.7",
        "X-Forwarded-Host: evil.test",
        "X-Forwarded-Proto: gopher",
        "X-Forwarded-Port: 66",
        "X_Forwarded_For: 6.6.6.6",
        "X-Real-IP: 6.6.6.6",
        "Forwarded: for=6.6.6.6;host=evil.test",
      ];
      const head = await ask(postern, [version, ...forged.flatMap((line) => ["-H", line])]);
      deepStrictEqual(valuesIn(head, "x-forwarded-for"), ["127.0.0.1"]);
      deepStrictEqual(valuesIn(head, "x-forwarded-host"), ["a.test"]);
      deepStrictEqual(valuesIn(head, "x-forwarded-proto"), ["https"]);
      strictEqual(/6\.6\.6\.6|7\.7\.7\.7|evil|gopher|forwarded-port|_/i.test(head), false, head);
    },
  );

  testWithPrograms(
    ["curl"],
    `offload: path and query arrive byte by byte as they were sent (${version})`,
    async () => {
      await using upstream = startHeadUpstream();
      await using postern = await startFor(upstream);
      const target = "/a%2Fb//c/./d/../e?a=1;b=2&c=%zz&d=%ff&+x=/../y";
      const head = await ask(postern, [version], target);
      strictEqual(head.slice(0, head.indexOf("\r\n")), `GET ${target} HTTP/1.1`);
    },
  );

  testWithPrograms(
    ["curl"],
    `offload: what an upstream answers reaches the client, each line of it (${version})`,
    async () => {
      await using upstream = startBrokenUpstream(async (peer) => {
        await peer.readHead();
        await peer.write(
          "HTTP/1.1 404 Nothing Here\r\nX-Multi: one\r\nX-Multi: two\r\nSet-Cookie: a=1\r\n" +
            "Set-Cookie: b=2\r\nKeep-Alive: timeout=5\r\nConnection: keep-alive, X-Hop\r\n" +
            "X-Hop: 1\r\nContent-Type: text/x-own\r\nContent-Length: 4\r\n\r\nbody",
        );
      });
      await using postern = await startFor(upstream);
      const seen = await curl("https://a.test/", {
        to: postern.https[0],
        caFile: internalCaFile(postern),
        args: [version],
      });
      strictEqual(seen.status, 404);
      strictEqual(seen.body, "body");
      const lines = seen.headers.map((line) => line.toLowerCase());
      deepStrictEqual(lines.filter((line) => line.startsWith("x-multi")), [
        "x-multi: one",
        "x-multi: two",
      ]);
      deepStrictEqual(lines.filter((line) => line.startsWith("set-cookie")), [
        "set-cookie: a=1",
        "set-cookie: b=2",
      ]);
      strictEqual(headerOf(seen, "content-type"), "text/x-own");
      strictEqual(lines.some((line) => /^(keep-alive|x-hop):/.test(line)), false);
    },
  );
}

testWithIpv6(["curl"], "offload: an IPv6 client is told as one", async () => {
  await using upstream = startHeadUpstream();
  await using postern = await startFor(upstream, "[::1]:0");
  const head = await ask(postern, []);
  deepStrictEqual(valuesIn(head, "x-forwarded-for"), ["::1"]);
  deepStrictEqual(valuesIn(head, "x-real-ip"), ["::1"]);
  deepStrictEqual(valuesIn(head, "forwarded"), ['for="[::1]";host=a.test;proto=https']);
});

testWithIpv6(["curl"], "offload: an IPv4 client of a dual-stack listener is told", async () => {
  await using upstream = startHeadUpstream();
  await using postern = await startFor(upstream, "[::]:0");
  const { port } = postern.https[0];
  const seen = await curl("https://a.test/", {
    to: { kind: "tcp", hostname: "127.0.0.1", port },
    caFile: internalCaFile(postern),
  });
  deepStrictEqual(valuesIn(seen.body, "x-forwarded-for"), ["127.0.0.1"]);
});

testWithPrograms(
  ["curl"],
  "offload: fields of one connection end at the proxy, named ones included",
  async () => {
    await using upstream = startHeadUpstream();
    await using postern = await startFor(upstream);
    const lines = [
      "Connection: X-Own, Host, close",
      "Connection: X-Other",
      "X-Own: 1",
      "X-Other: 2",
      "Keep-Alive: timeout=5",
      "Proxy-Connection: keep-alive",
      "TE: trailers",
      "Upgrade: foo",
      "X-Kept: 3",
    ];
    const head = await ask(postern, ["--http1.1", ...lines.flatMap((line) => ["-H", line])]);
    deepStrictEqual(valuesIn(head, "x-kept"), ["3"]);
    deepStrictEqual(valuesIn(head, "host"), ["a.test"]);
    const gone = /^(x-own|x-other|keep-alive|proxy-connection|te|upgrade):/im;
    strictEqual(gone.test(head), false, head);
  },
);

testWithPrograms(["curl"], "offload: no User-Agent and no Accept are invented", async () => {
  await using upstream = startHeadUpstream();
  await using postern = await startFor(upstream);
  const head = await ask(postern, ["-H", "User-Agent:", "-H", "Accept:"]);
  strictEqual(/^(user-agent|accept(-encoding|-language)?):/im.test(head), false, head);
});

testWithPrograms(["curl"], "offload: cookies of an HTTP/2 client arrive as one line", async () => {
  await using upstream = startHeadUpstream();
  await using postern = await startFor(upstream);
  const cookies = ["a=1", "b=2", "c=3"].flatMap((cookie) => ["-H", `Cookie: ${cookie}`]);
  const head = await ask(postern, ["--http2", ...cookies]);
  deepStrictEqual(valuesIn(head, "cookie"), ["a=1; b=2; c=3"]);
});

/** Bytes of one header; a head may have 64 KiB. */
const LARGE_BYTES = 48_000;

for (const version of VERSIONS) {
  testWithPrograms(
    ["curl"],
    `offload: a header of ${LARGE_BYTES} bytes passes (${version})`,
    async () => {
      const value = "v".repeat(LARGE_BYTES);
      await using upstream = startBrokenUpstream(async (peer) => {
        const [received = ""] = valuesIn(await peer.readHead(), "x-large");
        await peer.write(
          `HTTP/1.1 200 OK\r\nX-Large: ${received}\r\nContent-Length: 0\r\n\r\n`,
        );
      });
      await using postern = await startFor(upstream);
      const seen = await curl("https://a.test/", {
        to: postern.https[0],
        caFile: internalCaFile(postern),
        args: [version, "-H", `X-Large: ${value}`],
      });
      strictEqual(seen.status, 200, seen.error);
      strictEqual(headerOf(seen, "x-large"), value);
    },
  );
}
