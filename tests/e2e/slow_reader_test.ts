import { ok, strictEqual } from "node:assert/strict";
import { startBrokenUpstream } from "../support/broken_upstream.ts";
import { answerEach, ok200 } from "../support/proxy_case.ts";
import { openTls } from "../support/raw_client.ts";
import { internalCaFile, offloadTo, startWithRoutes } from "../support/routes.ts";

const HOST = "a.test";

/** All of it fits the buffers between the HTTP plane and the client, so that the plane is soon done. */
const ANSWER_BYTES = 6_000_000;

/** `timeouts.keep_alive`, and `timeouts.header`, after which the relay looks for the first time. */
const LIMIT_MS = 2_000;

/** For so long the client is slow: several times the limit. */
const SLOW_MS = 6_000;

/** Pause after each read meanwhile, which makes about 1 MB/s. */
const PAUSE_MS = 16;

for (const engine of ["splice", "portable"]) {
  Deno.test(`slow reader (${engine}): an answer's end is not cut off by keep_alive`, async () => {
    await using upstream = startBrokenUpstream(answerEach(ok200("x".repeat(ANSWER_BYTES))));
    const timeouts = { header: `${LIMIT_MS}ms`, keep_alive: `${LIMIT_MS}ms` };
    await using postern = await startWithRoutes([
      offloadTo(HOST, `http://127.0.0.1:${upstream.address.port}`, { timeouts }),
    ], { top: { relay: { engine } } });
    const caPem = Deno.readTextFileSync(internalCaFile(postern));
    using client = await openTls(postern.https[0], { serverName: HOST, caPem });
    await client.write(`GET / HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`);
    const buffer = new Uint8Array(16_384);
    const startedAt = performance.now();
    let bytes = 0;
    while (bytes < ANSWER_BYTES) {
      // An end without close_notify is one, too.
      const count = await client.connection.read(buffer).catch(() => null);
      if (count === null) break;
      bytes += count;
      if (performance.now() - startedAt > SLOW_MS) continue;
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
    ok(bytes >= ANSWER_BYTES, `${bytes} bytes`);
    strictEqual(upstream.accepted, 1);
  });
}
