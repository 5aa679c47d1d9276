import { notStrictEqual, ok, strictEqual } from "node:assert/strict";
import { curl } from "../support/curl.ts";
import { type Fault, FAULTS, startBrokenUpstream } from "../support/broken_upstream.ts";
import { findFreePort } from "../support/free_port.ts";
import { internalCaFile, offloadTo, startWithRoutes } from "../support/routes.ts";
import { openTls } from "../support/raw_client.ts";
import { spawnCurl } from "../support/curl.ts";
import { testWithPrograms } from "../support/installed.ts";
import { withDeadline } from "../support/deadline.ts";

const VERSIONS = ["--http1.1", "--http2"];

/** A server that hangs is given up after `timeouts.response`; one of a busy machine still answers in time. */
const RESPONSE_TIMEOUT = "2s";

/** How soon an upstream learns that its client has gone. */
const GONE_MS = 100;

/** What a client is answered if the fault comes before the head of the answer is whole. */
const FAULTS_IN_HEAD: readonly { readonly fault: Fault; readonly status: 502 | 504 }[] = [
  { fault: "closes_without_answer", status: 502 },
  { fault: "resets_without_answer", status: 502 },
  { fault: "resets_within_head", status: 502 },
  { fault: "closes_within_head", status: 502 },
  { fault: "hangs", status: 504 },
  { fault: "hangs_within_head", status: 504 },
  { fault: "speaks_garbage", status: 502 },
  { fault: "speaks_ssh", status: 502 },
  { fault: "ends_lines_with_lf", status: 502 },
  { fault: "has_huge_head", status: 502 },
  { fault: "has_endless_head", status: 502 },
  { fault: "has_many_lines", status: 502 },
  { fault: "storms_with_interim", status: 502 },
  { fault: "switches_protocols", status: 502 },
  { fault: "differs_in_length", status: 502 },
  { fault: "has_both_framings", status: 502 },
];

/** Faults after the head: the client has its status and must not take the rest for whole. */
const FAULTS_IN_BODY: readonly Fault[] = [
  "dies_within_length",
  "dies_within_chunk",
  "dies_before_last_chunk",
  "breaks_chunk",
  "has_huge_chunk_line",
  "hangs_within_body",
];

for (const version of VERSIONS) {
  testWithPrograms(
    ["curl"],
    `offload: faults of an upstream's head (${version})`,
    async (context) => {
      let fault: Fault = "hangs";
      await using upstream = startBrokenUpstream((peer) => FAULTS[fault](peer));
      await using postern = await startWithRoutes([
        offloadTo("a.test", `http://127.0.0.1:${upstream.address.port}`, {
          timeouts: { response: RESPONSE_TIMEOUT },
        }),
      ]);
      for (const { fault: next, status } of FAULTS_IN_HEAD) {
        await context.step(`${next} gives ${status}`, async () => {
          fault = next;
          const seen = await curl("https://a.test/", {
            to: postern.https[0],
            caFile: internalCaFile(postern),
            args: [version],
          });
          strictEqual(seen.status, status, seen.error);
        });
      }
    },
  );

  testWithPrograms(
    ["curl"],
    `offload: an answer cut short never looks whole (${version})`,
    async (context) => {
      let fault: Fault = "hangs";
      await using upstream = startBrokenUpstream((peer) => FAULTS[fault](peer));
      await using postern = await startWithRoutes([
        offloadTo("a.test", `http://127.0.0.1:${upstream.address.port}`, {
          timeouts: { response: RESPONSE_TIMEOUT },
        }),
      ]);
      for (const next of FAULTS_IN_BODY) {
        await context.step(next, async () => {
          fault = next;
          const seen = await curl("https://a.test/", {
            to: postern.https[0],
            caFile: internalCaFile(postern),
            args: [version],
          });
          // What breaks before the head was passed on may still become a 502.
          if (seen.status !== 502) notStrictEqual(seen.code, 0);
        });
      }
    },
  );

  testWithPrograms(["curl"], `offload: no server listens gives 502 (${version})`, async () => {
    await using postern = await startWithRoutes([
      offloadTo("a.test", `http://127.0.0.1:${findFreePort()}`),
    ]);
    const seen = await curl("https://a.test/", {
      to: postern.https[0],
      caFile: internalCaFile(postern),
      args: [version],
    });
    strictEqual(seen.status, 502, seen.error);
    strictEqual(/127\.0\.0\.1/.test(seen.body), false, "tells the client of inner addresses");
  });

  testWithPrograms(
    ["curl"],
    `offload: a request that may have been acted on is not sent twice (${version})`,
    async () => {
      await using upstream = startBrokenUpstream(FAULTS.closes_without_answer);
      await using other = startBrokenUpstream(FAULTS.closes_without_answer);
      await using postern = await startWithRoutes([{
        hosts: ["a.test"],
        mode: "offload",
        upstreams: [upstream, other].map(({ address }) => `http://127.0.0.1:${address.port}`),
        tls: { certificate: "internal" },
      }]);
      const seen = await curl("https://a.test/", {
        to: postern.https[0],
        caFile: internalCaFile(postern),
        args: [version, "--data", "pay=1"],
      });
      strictEqual(seen.status, 502, seen.error);
      strictEqual(upstream.accepted + other.accepted, 1);
    },
  );

  testWithPrograms(
    ["curl"],
    `offload: an idle connection that the upstream has closed costs no request (${version})`,
    async () => {
      await using upstream = startBrokenUpstream(async (peer) => {
        await peer.readHead();
        await peer.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
      });
      await using postern = await startWithRoutes([
        offloadTo("a.test", `http://127.0.0.1:${upstream.address.port}`),
      ]);
      const seen = await curl("https://a.test/[1-20]", {
        to: postern.https[0],
        caFile: internalCaFile(postern),
        args: [version, "--fail-early", "--fail"],
      });
      strictEqual(seen.code, 0, seen.error);
      strictEqual(upstream.accepted, 20);
    },
  );

  testWithPrograms(
    ["curl"],
    `offload: bytes beyond an answer are nobody's next answer (${version})`,
    async () => {
      await using upstream = startBrokenUpstream(async (peer) => {
        for (;;) {
          await peer.readHead();
          const stray = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nstray";
          await peer.write(`HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nmine${stray}`);
        }
      });
      await using postern = await startWithRoutes([
        offloadTo("a.test", `http://127.0.0.1:${upstream.address.port}`),
      ]);
      for (let request = 0; request < 3; request++) {
        const seen = await curl("https://a.test/", {
          to: postern.https[0],
          caFile: internalCaFile(postern),
          args: [version],
        });
        strictEqual(seen.body, "mine", seen.error);
      }
    },
  );

  testWithPrograms(
    ["curl"],
    `offload: an upstream learns within ${GONE_MS} ms that its client has gone (${version})`,
    async () => {
      const started: PromiseWithResolvers<void>[] = [];
      const gone: PromiseWithResolvers<number>[] = [];
      await using upstream = startBrokenUpstream(async (peer) => {
        await peer.readHead();
        started[peer.index].resolve();
        // Its end or a reset: both say that nobody waits.
        await peer.untilGone().catch(() => {});
        gone[peer.index].resolve(performance.now());
      });
      await using postern = await startWithRoutes([
        offloadTo("a.test", `http://127.0.0.1:${upstream.address.port}`),
      ]);
      const delays: number[] = [];
      for (let attempt = 0; attempt < 10 && !(Math.min(...delays) < GONE_MS); attempt++) {
        started.push(Promise.withResolvers());
        gone.push(Promise.withResolvers());
        const child = spawnCurl("https://a.test/", {
          to: postern.https[0],
          caFile: internalCaFile(postern),
          args: [version],
        });
        await withDeadline(started[attempt].promise, 20_000, () => "the request");
        const leftAt = performance.now();
        child.kill("SIGKILL");
        delays.push(
          await withDeadline(gone[attempt].promise, 5_000, () => "the end of the request") - leftAt,
        );
        await Promise.all([child.status, child.stdout.cancel(), child.stderr.cancel()]);
      }
      // The best of ten: the machine may be busy with something else. None may be late by seconds.
      ok(Math.min(...delays) < GONE_MS, `${delays}`);
    },
  );
}

Deno.test("offload: an upload that its client breaks off is not whole for the upstream", async () => {
  const started = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<string>();
  await using upstream = startBrokenUpstream(async (peer) => {
    await peer.readHead();
    started.resolve();
    let text = "";
    try {
      for (let bytes = await peer.read(); bytes !== undefined; bytes = await peer.read()) {
        text += new TextDecoder().decode(bytes);
      }
    } catch {
      // A reset is as good an end as any.
    }
    ended.resolve(text);
  });
  await using postern = await startWithRoutes([
    offloadTo("a.test", `http://127.0.0.1:${upstream.address.port}`),
  ]);
  using client = await openTls(postern.https[0], {
    serverName: "a.test",
    caPem: Deno.readTextFileSync(internalCaFile(postern)),
  });
  await client.write("POST / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n");
  await client.write("5\r\nfirst\r\n");
  await withDeadline(started.promise, 20_000, () => "the start of the upload");
  client[Symbol.dispose]();
  const text = await withDeadline(ended.promise, 20_000, () => "the end of the upload");
  strictEqual(text.includes("0\r\n\r\n"), false, JSON.stringify(text));
});
