import assert from "node:assert/strict";
import { type BodyInput, makeBodyReader } from "../../../lib/http/http1/body_reader.ts";
import { encodeLatin1 } from "../../../lib/http/http1/latin1.ts";
import { countTurns } from "../../support/counted_turns.ts";

Deno.test("makeBodyReader: chunks of one byte are work by their number, and others have their turn", async () => {
  const buffered = encodeLatin1("1\r\na\r\n".repeat(5_000));
  const input: BodyInput = {
    buffered,
    take: () => {},
    fill: () => Promise.resolve(buffered.length),
    readInto: () => Promise.reject(new Error("not asked for")),
  };
  const reader = makeBodyReader(input, "client", { kind: "chunked" });
  const target = new Uint8Array(65_536);
  const chunks = 200_000;
  const turns = await countTurns(async () => {
    for (let read = 0; read < chunks;) read += await reader.read(target);
  });
  assert.ok(turns >= chunks / 5_000 / 2, `${turns} turns`);
});
