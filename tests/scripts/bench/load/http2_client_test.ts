import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { encodeFrame, requestOverHttp2 } from "../../../../scripts/bench/load/http2_client.ts";
import { readWhole } from "../../../../scripts/bench/load/wire.ts";

const SETTINGS = encodeFrame({ type: 4, flags: 0, stream: 0 });
const PING = encodeFrame({ type: 6, flags: 0, stream: 0 }, [1, 2, 3, 4, 5, 6, 7, 8]);
const GOAWAY = encodeFrame({ type: 7, flags: 0, stream: 0 }, [0, 0, 0, 0, 0, 0, 0, 1]);
/** `:status: 200`, with the end of the stream or without, and 404. */
const GOOD = encodeFrame({ type: 1, flags: 5, stream: 1 }, [0x88]);
const GOOD_HEAD = encodeFrame({ type: 1, flags: 4, stream: 1 }, [0x20, 0x88]);
const BAD = encodeFrame({ type: 1, flags: 5, stream: 1 }, [0x8d]);
const DATA_END = encodeFrame({ type: 0, flags: 1, stream: 1 }, [7, 7]);

Deno.test("encodeFrame: length, type, flags and stream, most significant byte first", () => {
  deepStrictEqual(
    [...encodeFrame({ type: 1, flags: 5, stream: 0x01020304 }, [9, 9])],
    [0, 0, 2, 1, 5, 1, 2, 3, 4, 9, 9],
  );
});

/** @returns What the client sent, behind its preface. */
async function play(frames: readonly Uint8Array[]): Promise<number[]> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  using client = await Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port });
  using server = await listener.accept();
  const asked = requestOverHttp2(client, "a.test");
  asked.catch(() => {}); // It is awaited below; the server writes first.
  const preface = new Uint8Array(24);
  await readWhole(server, preface);
  strictEqual(new TextDecoder().decode(preface), "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
  for (const frame of frames) await server.write(frame);
  await server.closeWrite();
  await asked;
  await client.closeWrite();
  return [...new Uint8Array(await new Response(server.readable).arrayBuffer())];
}

Deno.test("requestOverHttp2: asks for / and takes an answer without a body", async () => {
  const sent = await play([SETTINGS, GOOD]);
  deepStrictEqual(sent, [
    ...SETTINGS,
    ...[0, 0, 11, 1, 5, 0, 0, 0, 1, 0x82, 0x87, 0x84, 1, 6],
    ...new TextEncoder().encode("a.test"),
    ...encodeFrame({ type: 4, flags: 1, stream: 0 }),
  ]);
});

Deno.test("requestOverHttp2: takes a body and answers a ping meanwhile", async () => {
  const sent = await play([SETTINGS, GOOD_HEAD, PING, DATA_END]);
  deepStrictEqual(sent.slice(-8), [1, 2, 3, 4, 5, 6, 7, 8]);
});

const FAILURES: readonly [name: string, frames: Uint8Array[], error: RegExp][] = [
  ["another status", [SETTINGS, BAD], /not a 200/],
  ["GOAWAY", [SETTINGS, GOAWAY], /given up/],
  ["the end of the connection", [SETTINGS, GOOD_HEAD], /ended/],
];

for (const [name, frames, error] of FAILURES) {
  Deno.test(`requestOverHttp2: ${name} is an error`, async () => {
    await rejects(play(frames), error);
  });
}
