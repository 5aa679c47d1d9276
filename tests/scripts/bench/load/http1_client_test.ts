import { rejects, strictEqual, throws } from "node:assert/strict";
import { Http1Client, isWhole } from "../../../../scripts/bench/load/http1_client.ts";

const ANSWER = "HTTP/1.1 200 OK\r\nServer: x\r\nContent-Length: 4\r\n\r\nfour";

Deno.test("isWhole: every strict prefix of an answer is not whole", () => {
  for (let length = 0; length < ANSWER.length; length++) {
    strictEqual(isWhole(ANSWER.slice(0, length)), false, `${length} bytes`);
  }
  strictEqual(isWhole(ANSWER), true);
});

const REFUSED: readonly [name: string, answer: string][] = [
  ["another status", ANSWER.replace("200", "502")],
  ["no length", ANSWER.replace("Content-Length", "X-Length")],
  ["bytes behind it", `${ANSWER}!`],
];

for (const [name, answer] of REFUSED) {
  Deno.test(`isWhole: refuses an answer with ${name}`, () => {
    throws(() => isWhole(answer));
  });
}

/** A server that answers its one connection with these pieces. */
async function answering(pieces: readonly string[]): Promise<{ client: Deno.Conn; head: string }> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const client = await Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port });
  using server = await listener.accept();
  const exchanged = new Http1Client(client, "a.test").exchange();
  exchanged.catch(() => {}); // It is awaited below; the server writes first.
  const buffer = new Uint8Array(1024);
  const count = await server.read(buffer);
  for (const piece of pieces) await server.write(new TextEncoder().encode(piece));
  server.closeWrite();
  try {
    await exchanged;
  } finally {
    client.close();
  }
  return { client, head: new TextDecoder().decode(buffer.subarray(0, count ?? 0)) };
}

Deno.test("Http1Client.exchange: sends a request and takes an answer in pieces", async () => {
  const { head } = await answering([ANSWER.slice(0, 9), ANSWER.slice(9, -2), ANSWER.slice(-2)]);
  strictEqual(head, "GET / HTTP/1.1\r\nHost: a.test\r\n\r\n");
});

Deno.test("Http1Client.exchange: an answer cut short is an error", async () => {
  await rejects(answering([ANSWER.slice(0, -1)]), /Not a whole answer/);
});
