import assert from "node:assert/strict";
import { REQUEST_LINGER_MAX_BYTES } from "../../../lib/base/limits.ts";
import { ClientBody } from "../../../lib/http/http1/client_body.ts";
import { ClientInput } from "../../../lib/http/http1/client_input.ts";
import { linger } from "../../../lib/http/http1/linger.ts";
import { settle } from "../../support/http1_place.ts";
import { MemoryConnection } from "../../support/memory_connection.ts";

function open() {
  const connection = new MemoryConnection();
  const input = new ClientInput(connection, () => {});
  const options = {
    sendContinue: undefined,
    beginWait: () => {},
    endWait: () => {},
    onEnd: () => {},
  };
  const body = new ClientBody(input, { kind: "length", length: 1_000_000_000 }, options);
  return { connection, lingering: { connection, input, body, scratch: new Uint8Array(65_536) } };
}

Deno.test("linger: our side ends at once, and the client's is read to its end", async () => {
  const { connection, lingering } = open();
  const lingered = linger(lingering);
  assert.equal(connection.isWriteClosed, true);
  connection.send("x".repeat(200_000));
  await settle();
  connection.send("more");
  connection.end();
  await lingered;
  assert.equal(connection.isClosed, false, "closing is the caller's");
});

Deno.test("linger: whoever reads the body is told, before anything is dropped", async () => {
  const { connection, lingering } = open();
  const reading = assert.rejects(lingering.body.read(new Uint8Array(4)), /not wanted any more/);
  const lingered = linger(lingering);
  connection.send("abcdef");
  connection.end();
  await Promise.all([reading, lingered]);
});

Deno.test("linger: a client that sends without end is read from up to a limit", async () => {
  const { connection, lingering } = open();
  const piece = new Uint8Array(1_048_576);
  for (let sent = 0; sent < 2 * REQUEST_LINGER_MAX_BYTES; sent += piece.length) {
    connection.send(piece);
  }
  await linger(lingering);
  assert.ok(connection.reads <= REQUEST_LINGER_MAX_BYTES / lingering.scratch.length + 1);
});

Deno.test("linger: a client that has gone is no error", async () => {
  const { connection, lingering } = open();
  connection.reset();
  await linger(lingering);
  const closed = open();
  closed.connection.close();
  await linger(closed.lingering);
});
