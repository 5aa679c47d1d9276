/**
 * A program of `http_server_test.ts`, run with few descriptors: takes all of them, so that the server
 * cannot accept, frees them, and asks again on the same port.
 *
 * @module
 */
import { systemClock } from "../../lib/base/clock.ts";
import { Counters } from "../../lib/base/counters.ts";
import { createLog } from "../../lib/base/log.ts";
import { Sampler } from "../../lib/base/sampler.ts";
import { AddressBook } from "../../lib/hop/address_book.ts";
import { plainAnswer } from "../../lib/http/answer.ts";
import { openHttpServer } from "../../lib/http/http_server.ts";

const book = new AddressBook();
const failed = Promise.withResolvers<void>();
const server = openHttpServer({
  application: { answer: () => plainAnswer(200, "served") },
  environment: {
    book,
    clock: systemClock,
    counters: new Counters(),
    log: createLog({ write: (line) => line.includes("trying again") && failed.resolve() }),
    sampler: new Sampler(systemClock),
  },
  certificate: undefined,
});

const connections: Deno.Conn[] = [];
try {
  while (true) connections.push(await Deno.connect({ hostname: "127.0.0.1", port: server.port }));
} catch {
  // No descriptor is left: what was wanted.
}
await failed.promise;
console.log("failed");
for (const connection of connections) connection.close();

const connection = await Deno.connect({ hostname: "127.0.0.1", port: server.port });
const { hostname: sourceIp, port: sourcePort } = connection.localAddr;
const key = { sourceIp, sourcePort, listenerPort: server.port };
book.open(key, { ip: "192.0.2.1", port: 1 }, systemClock.monotonic());
await connection.write(new TextEncoder().encode("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
const buffer = new Uint8Array(1_024);
const count = await connection.read(buffer);
const answer = new TextDecoder().decode(buffer.subarray(0, count ?? 0));
console.log(`answered ${answer.slice("HTTP/1.1 ".length, "HTTP/1.1 200".length)}`);
connection.close();
await server.shutdown();
