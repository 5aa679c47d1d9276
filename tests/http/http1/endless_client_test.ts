import { encodeLatin1 } from "../../../lib/http/http1/latin1.ts";
import type { Answer, Body } from "../../../lib/http/message.ts";
import { joinTunnel } from "../../../lib/http/http1/tunnel.ts";
import { EndlessConnection } from "../../support/endless_connection.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { Http1Place } from "../../support/http1_place.ts";

const OK: Answer = { status: 200, reason: "", headers: [], body: encodeLatin1("ok") };

const ENDLESS: Body = {
  length: undefined,
  trailers: [],
  isTouched: false,
  cancel: () => {},
  read: (target) => Promise.resolve(target.length),
};

const GET = "GET / HTTP/1.1\r\nHost: a.test\r\n\r\n";
const POST = "POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 99999999999999\r\n\r\n";

const CASES = [
  { what: "that pipelines requests", words: GET.repeat(8), answer: () => OK },
  {
    what: "that uploads",
    opening: POST,
    words: "x".repeat(64),
    answer: async ({ body }: { body: Body | undefined }) => {
      const target = new Uint8Array(64);
      while (await body!.read(target) > 0);
      return OK;
    },
  },
  { what: "that downloads", words: GET, answer: () => ({ ...OK, body: ENDLESS }) },
];

for (const { what, opening = "", words, answer } of CASES) {
  Deno.test(`ServerConnection: a client ${what} without a pause lets others have their turn`, async () => {
    const client = new EndlessConnection(encodeLatin1(words), encodeLatin1(opening));
    const place = new Http1Place(answer, { client });
    await client.checkTurns();
    await place.finished;
  });
}

Deno.test("joinTunnel: a client that sends without a pause lets others have their turn", async () => {
  const client = new EndlessConnection(encodeLatin1("frame"));
  const server = new EndlessConnection(encodeLatin1("frame"));
  const finished = joinTunnel(
    { connection: client, initial: [] },
    { connection: server, initial: [] },
    new FakeClock(),
  );
  await client.checkTurns();
  server.close();
  await finished;
});
