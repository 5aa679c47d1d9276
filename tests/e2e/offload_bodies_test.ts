import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import type { BrokenUpstream } from "../support/broken_upstream.ts";
import { curl, headerOf, spawnCurl } from "../support/curl.ts";
import { startDigestUpstream } from "../support/digest_upstream.ts";
import { digest, makePayload, writePayload } from "../support/payload.ts";
import { internalCaFile, offloadTo, startWithRoutes } from "../support/routes.ts";
import { makeTempFolder } from "../support/temp_folder.ts";
import type { Postern } from "../support/postern.ts";
import { openTls } from "../support/raw_client.ts";
import { startBrokenUpstream } from "../support/broken_upstream.ts";
import { testWithPrograms } from "../support/installed.ts";
import { valuesIn } from "../support/head_upstream.ts";
import { withDeadline } from "../support/deadline.ts";

const VERSIONS = ["--http1.1", "--http2"];
const PAYLOAD_MIB = 64;

/** For bytes that come in the middle of a body: it goes on only when they have come. */
const PATIENCE_MS = 20_000;

/** curl sends no body before it is told to: it would wait for an hour. */
const NEVER_UNASKED = ["--expect100-timeout", "3600"];

async function startFor(upstream: { address: { port: number } }): Promise<Postern> {
  return await startWithRoutes([
    offloadTo("a.test", `http://127.0.0.1:${upstream.address.port}`),
  ]);
}

for (const version of VERSIONS) {
  for (const isChunked of [false, true]) {
    const framing = isChunked ? "without a length" : "with a length";
    testWithPrograms(
      ["curl"],
      `offload: an upload of 64 MiB ${framing} arrives whole (${version})`,
      async () => {
        using folder = makeTempFolder();
        const payload = makePayload(PAYLOAD_MIB);
        await writePayload(payload, `${folder.path}/large`);
        await using upstream = startDigestUpstream();
        await using postern = await startFor(upstream);
        const chunked = isChunked ? ["-H", "Transfer-Encoding: chunked"] : [];
        const seen = await curl("https://a.test/", {
          to: postern.https[0],
          caFile: internalCaFile(postern),
          args: [version, "--upload-file", `${folder.path}/large`, ...chunked],
        });
        strictEqual(seen.status, 200, seen.error);
        deepStrictEqual(JSON.parse(seen.body), {
          length: isChunked ? null : String(payload.length),
          coding: isChunked ? "chunked" : null,
          received: { length: payload.length, sha256: payload.sha256 },
        });
      },
    );

    testWithPrograms(
      ["curl"],
      `offload: a download of 64 MiB ${framing} arrives whole (${version})`,
      async () => {
        const payload = makePayload(PAYLOAD_MIB);
        const headers: HeadersInit = isChunked ? {} : { "content-length": `${payload.length}` };
        await using server = Deno.serve(
          { hostname: "127.0.0.1", port: 0, onListen: () => {} },
          () => new Response(ReadableStream.from(payload.pieces()), { headers }),
        );
        await using postern = await startFor({ address: server.addr });
        const child = spawnCurl("https://a.test/", {
          to: postern.https[0],
          caFile: internalCaFile(postern),
          args: [version],
        });
        const seen = await digest(child.stdout);
        strictEqual((await child.status).code, 0);
        await child.stderr.cancel();
        deepStrictEqual(seen, { length: payload.length, sha256: payload.sha256 });
      },
    );
  }

  for (const framing of ["Content-Length: 10", "Transfer-Encoding: chunked"]) {
    testWithPrograms(
      ["curl"],
      `offload: the first byte of an answer does not wait for the last (${version}, ${framing})`,
      async () => {
        const wrap = (text: string) => framing.startsWith("T") ? `5\r\n${text}\r\n` : text;
        const seenFirst = Promise.withResolvers<void>();
        await using upstream = startBrokenUpstream(async (peer) => {
          await peer.readHead();
          await peer.write(`HTTP/1.1 200 OK\r\n${framing}\r\n\r\n${wrap("first")}`);
          await seenFirst.promise;
          await peer.write(wrap("later") + (framing.startsWith("T") ? "0\r\n\r\n" : ""));
        });
        await using postern = await startFor(upstream);
        const child = spawnCurl("https://a.test/", {
          to: postern.https[0],
          caFile: internalCaFile(postern),
          args: [version],
        });
        const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
        const first = await withDeadline(reader.read(), 10_000, () => "the first byte");
        strictEqual(first.value, "first");
        seenFirst.resolve();
        strictEqual((await reader.read()).value, "later");
        strictEqual((await reader.read()).done, true);
        strictEqual((await child.status).code, 0);
        await child.stderr.cancel();
      },
    );
  }

  testWithPrograms(["curl"], `offload: HEAD has the length and no body (${version})`, async () => {
    await using upstream = startAnswering("200 OK\r\nContent-Length: 5");
    await using postern = await startFor(upstream);
    const seen = await curl("https://a.test/[1-2]", {
      to: postern.https[0],
      caFile: internalCaFile(postern),
      args: [version, "--head"],
    });
    strictEqual(seen.code, 0, seen.error);
    strictEqual(headerOf(seen, "content-length"), "5");
    strictEqual(seen.connects, 0);
  });

  for (const status of ["204 No Content", "304 Not Modified\r\nETag: a\r\nContent-Length: 5"]) {
    testWithPrograms(
      ["curl"],
      `offload: ${status.slice(0, 3)} has no body and the connection goes on (${version})`,
      async () => {
        await using upstream = startAnswering(status);
        await using postern = await startFor(upstream);
        const seen = await curl("https://a.test/[1-2]", {
          to: postern.https[0],
          caFile: internalCaFile(postern),
          args: [version],
        });
        strictEqual(seen.code, 0, seen.error);
        strictEqual(seen.status, Number(status.slice(0, 3)));
        strictEqual(seen.body, "");
        strictEqual(seen.connects, 0);
      },
    );
  }

  testWithPrograms(
    ["curl"],
    `offload: hints before the answer do not mix with it (${version})`,
    async () => {
      await using upstream = startAnswering(
        "103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0",
      );
      await using postern = await startFor(upstream);
      const seen = await curl("https://a.test/", {
        to: postern.https[0],
        caFile: internalCaFile(postern),
        args: [version],
      });
      strictEqual(seen.status, 200, seen.error);
      strictEqual(headerOf(seen, "link"), undefined);
    },
  );

  testWithPrograms(
    ["curl"],
    `offload: a body that awaits 100-continue arrives (${version})`,
    async () => {
      await using upstream = startDigestUpstream();
      await using postern = await startFor(upstream);
      const seen = await curl("https://a.test/", {
        to: postern.https[0],
        caFile: internalCaFile(postern),
        // By itself curl would send it after a second.
        args: [version, "-H", "Expect: 100-continue", ...NEVER_UNASKED, "--data", "hello"],
      });
      strictEqual(seen.body === "" ? seen.error : JSON.parse(seen.body).received.length, 5);
    },
  );
}

testWithPrograms(
  ["curl"],
  "offload: an upload reaches the upstream while it goes on",
  async () => {
    const received = Promise.withResolvers<string>();
    await using upstream = startBrokenUpstream(async (peer) => {
      const head = await peer.readHead();
      deepStrictEqual(valuesIn(head, "transfer-encoding"), ["chunked"]);
      received.resolve(new TextDecoder().decode(await peer.read()));
      await peer.untilGone();
    });
    await using postern = await startFor(upstream);
    using client = await openTls(postern.https[0], {
      serverName: "a.test",
      caPem: Deno.readTextFileSync(internalCaFile(postern)),
    });
    await client.write("POST / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n");
    await client.write("5\r\nfirst\r\n");
    match(await withDeadline(received.promise, PATIENCE_MS, () => "the first chunk"), /first/);
  },
);

/** A server that answers every request with this head and nothing else. */
function startAnswering(head: string): BrokenUpstream {
  return startBrokenUpstream(async (peer) => {
    for (;;) {
      await peer.readHead();
      await peer.write(`HTTP/1.1 ${head}\r\n\r\n`);
    }
  });
}
