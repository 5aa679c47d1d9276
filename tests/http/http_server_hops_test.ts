import assert from "node:assert/strict";
import { systemClock } from "../../lib/base/clock.ts";
import { Counters } from "../../lib/base/counters.ts";
import { createLog } from "../../lib/base/log.ts";
import { Sampler } from "../../lib/base/sampler.ts";
import { AddressBook } from "../../lib/hop/address_book.ts";
import { plainAnswer } from "../../lib/http/answer.ts";
import { openHttpServer } from "../../lib/http/http_server.ts";
import { makeCertificate } from "../support/certificates.ts";
import { withDeadline } from "../support/deadline.ts";
import { FakeClock } from "../support/fake_clock.ts";
import {
  get,
  HopConnection,
  LIMIT_MS,
  LoopbackFixture,
  until,
} from "../support/loopback_fixture.ts";

Deno.test("openHttpServer: an exchange knows the client behind the hop", async () => {
  await using fixture = new LoopbackFixture();
  using one = await fixture.connect("192.0.2.77");
  using other = await fixture.connect("2001:db8::7");
  const { exchange } = await one.ask(get("/a%2Fb//c/../?x=%zz"));
  assert.deepEqual(exchange.client, { ip: "192.0.2.77", port: 50_000 });
  assert.equal(exchange.target, "/a%2Fb//c/../?x=%zz");
  assert.equal(exchange.scheme, "http");
  assert.equal((await other.ask(get("/"))).exchange.client.ip, "2001:db8::7");
  assert.equal((await one.ask(get("/"))).exchange.client.ip, "192.0.2.77", "kept alive");
  assert.equal(fixture.counters.get("requests"), 3);
  await fixture.settle(2);
});

Deno.test("openHttpServer: who did not come through the relay gets 403 and no application", async () => {
  await using fixture = new LoopbackFixture();
  using _hop = await fixture.connect();
  for (const hostname of ["127.0.0.1", "127.0.0.1"]) {
    const forged = await Deno.connect({ hostname, port: fixture.server.port });
    using connection = new HopConnection(forged, () => {});
    const { head, body } = await connection.ask(get("/", "X-Forwarded-For: 192.0.2.1\r\n"));
    assert.match(head, /^HTTP\/1\.1 403 /);
    assert.match(head, /^connection: close/im);
    assert.equal(body, "This port is not public\n");
  }
  assert.equal(fixture.exchanges.length, 0);
  assert.equal(fixture.counters.get("hop_unknown"), 2);
  assert.equal(fixture.counters.get("requests"), 0);
  assert.match(fixture.lines[0], /Refused a request that did not come through the relay from=127/);
});

Deno.test("openHttpServer: a hop to one listener does not open another", async () => {
  await using one = new LoopbackFixture();
  await using other = new LoopbackFixture();
  const connection = await Deno.connect({ hostname: "127.0.0.1", port: other.server.port });
  const { hostname: sourceIp, port: sourcePort } = connection.localAddr;
  const key = { sourceIp, sourcePort, listenerPort: one.server.port };
  other.book.open(key, { ip: "192.0.2.1", port: 1 }, systemClock.monotonic());
  using forged = new HopConnection(connection, () => {});
  assert.match((await forged.ask(get("/"))).head, /^HTTP\/1\.1 403 /);
});

Deno.test("openHttpServer: forged requests do not fill the log", async () => {
  await using fixture = new LoopbackFixture();
  for (let index = 0; index < 50; index++) {
    const forged = await Deno.connect({ hostname: "127.0.0.1", port: fixture.server.port });
    using connection = new HopConnection(forged, () => {});
    await connection.ask(get("/"));
  }
  assert.equal(fixture.lines.length, 5);
  assert.equal(fixture.counters.get("hop_unknown"), 50);
});

const REFUSED: readonly [name: string, request: string, status: number][] = [
  ["no Host", "GET / HTTP/1.1\r\n\r\n", 400],
  ["an empty Host", "GET / HTTP/1.1\r\nHost:\r\n\r\n", 400],
  ["user information in Host", "GET / HTTP/1.1\r\nHost: u@app.example.org\r\n\r\n", 400],
  ["a path in Host", "GET / HTTP/1.1\r\nHost: app.example.org/x\r\n\r\n", 400],
  ["a space in Host", "GET / HTTP/1.1\r\nHost: app example\r\n\r\n", 400],
  ["bytes beyond ASCII in Host", "GET / HTTP/1.1\r\nHost: b\xfccher.example\r\n\r\n", 400],
  ["CONNECT", "CONNECT app.example.org:443 HTTP/1.1\r\nHost: app.example.org\r\n\r\n", 405],
  ["two equal lengths", get("/", "Content-Length: 2\r\nContent-Length: 2\r\n") + "hi", 400],
  [
    "a coding below chunked",
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    501,
  ],
];
for (const [name, request, status] of REFUSED) {
  Deno.test(`openHttpServer: refuses ${name} with ${status}`, async () => {
    await using fixture = new LoopbackFixture();
    using connection = await fixture.connect();
    const { head, body } = await connection.ask(request);
    assert.match(head, new RegExp(`^HTTP/1\\.1 ${status} `));
    assert.match(body, /^[\w:, -]+\n$/);
    assert.equal(fixture.exchanges.length, 0);
    assert.equal(fixture.counters.get("request_refused"), 1);
    await fixture.settle(1);
  });
}

Deno.test("openHttpServer: RFC 9112 §3.2.2, an absolute target is read as such", async () => {
  await using fixture = new LoopbackFixture();
  using connection = await fixture.connect();
  const { exchange } = await connection.ask(
    "GET http://Other.example.org?x HTTP/1.1\r\nHost: app.example.org\r\n\r\n",
  );
  assert.equal(exchange.authority, "Other.example.org");
  assert.equal(exchange.hostname, "other.example.org");
  assert.equal(exchange.target, "/?x");
});

Deno.test("openHttpServer: bodies with a length, in chunks and without", async () => {
  await using fixture = new LoopbackFixture();
  using connection = await fixture.connect();
  const post = (rest: string) => `POST /body HTTP/1.1\r\nHost: app.example.org\r\n${rest}`;
  assert.equal((await connection.ask(post("Content-Length: 5\r\n\r\nhello"))).body, "hello");
  const chunked = "Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n";
  assert.equal((await connection.ask(post(chunked))).body, "hello");
  assert.equal((await connection.ask(post("\r\n"))).body, "");
  assert.equal((await connection.ask(post("Content-Length: 0\r\n\r\n"))).body, "");
  const [sized, inChunks, without, empty] = fixture.exchanges.map(({ body }) => body);
  assert.equal(sized?.length, 5);
  assert.ok(inChunks !== undefined && inChunks.length === undefined);
  assert.deepEqual([without, empty], [undefined, undefined], "nothing to read is no body");
  await fixture.settle(1);
});

Deno.test("openHttpServer: an upload that breaks off is an error, not a whole body", async () => {
  await using fixture = new LoopbackFixture();
  for (const framing of ["Content-Length: 100", "Transfer-Encoding: chunked"]) {
    const connection = await fixture.connect();
    await connection.write(`POST /body HTTP/1.1\r\nHost: a\r\n${framing}\r\n\r\n5\r\nhello\r\n`);
    await until(() => fixture.exchanges.length > 0, () => "the exchange");
    connection.close();
    await until(() => fixture.lines.length > 0, () => "the failure");
    assert.match(fixture.lines[0], /error Cannot answer request error=/);
    await fixture.settle();
    fixture.exchanges.length = fixture.lines.length = 0;
  }
});

Deno.test("openHttpServer: an early answer to a chunked upload arrives, then the connection ends", async () => {
  await using fixture = new LoopbackFixture();
  using connection = await fixture.connect();
  const head = "POST /unread HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
  await connection.write(`${head}5\r\nhello\r\n`);
  assert.equal((await connection.readAnswer()).body, "early\n");
  connection.close();
  await fixture.settle();
});

Deno.test("openHttpServer: no request is in flight after a normal, failed, streamed or broken answer", async () => {
  await using fixture = new LoopbackFixture();
  using connection = await fixture.connect();
  await connection.ask(get("/"));
  await fixture.settle(1);
  await connection.write(get("/stream"));
  await connection.readUntil(/first/);
  assert.equal(fixture.book.totals().inFlight, 1, "a streamed answer is in flight to its end");
  fixture.released.resolve();
  await connection.readUntil(/last\r\n0\r\n\r\n/);
  await fixture.settle(1);
  using failing = await fixture.connect();
  const failed = await failing.ask(get("/fail"));
  assert.match(failed.head, /^HTTP\/1\.1 500 /);
  assert.match(fixture.lines[0], /error Cannot answer request .*the application failed/);
  await fixture.settle(2);
  await connection.write(get("/break"));
  await assert.rejects(connection.readUntil(/0\r\n\r\n/), "the client can tell that it is short");
  await fixture.settle(2);
});

for (const target of ["/wait", "/stream"]) {
  Deno.test(`openHttpServer: a client that leaves is noticed, ${target}`, async () => {
    await using fixture = new LoopbackFixture();
    const connection = await fixture.connect();
    await connection.write(get(target));
    await until(() => fixture.exchanges.length === 1, () => "the exchange");
    assert.equal(fixture.book.totals().inFlight, 1);
    connection.close();
    await until(() => fixture.exchanges[0].signal.aborted, () => "the signal");
    fixture.released.resolve();
    await fixture.settle();
  });
}

Deno.test("openHttpServer: a signal is not aborted by an answer that arrived", async () => {
  await using fixture = new LoopbackFixture();
  using connection = await fixture.connect();
  await connection.ask(get("/"));
  await connection.ask(get("/"));
  assert.deepEqual(fixture.exchanges.map(({ signal }) => signal.aborted), [false, false]);
});

Deno.test("openHttpServer: RFC 9110 §9.3.2, HEAD has the fields of GET and no bytes", async () => {
  await using fixture = new LoopbackFixture();
  using connection = await fixture.connect();
  const head = async (target: string) => {
    await connection.write(get(target).replace("GET", "HEAD"));
    return (await connection.readUntil(/\r\n\r\n/)).toLowerCase();
  };
  assert.match(await head("/length"), /content-length: 77\r\n/);
  assert.doesNotMatch(await head("/stream"), /content-length|transfer-encoding/);
  assert.equal((await connection.ask(get("/"))).exchange.target, "/", "the connection goes on");
  assert.match(await head("/fail"), /^http\/1\.1 500 /);
  await fixture.settle(1);
});

Deno.test("openHttpServer: pipelined requests are answered in turn", async () => {
  await using fixture = new LoopbackFixture();
  using connection = await fixture.connect();
  await connection.write(get("/1") + get("/2") + get("/3"));
  for (const target of ["/1", "/2", "/3"]) {
    assert.equal(JSON.parse((await connection.readAnswer()).body).target, target);
  }
  await fixture.settle(1);
});

Deno.test("openHttpServer: written and closed at once while the loop is busy, each has its own client", async () => {
  await using fixture = new LoopbackFixture();
  const clients = Array.from({ length: 50 }, (_, index) => `198.51.100.${index + 1}`);
  for (const client of clients) {
    const connection = await fixture.connect(client);
    await connection.write(get(`/${client}`));
    connection.close();
  }
  const busyUntil = Date.now() + 200;
  while (Date.now() < busyUntil);
  await until(
    () => fixture.exchanges.length + fixture.counters.get("hop_unknown") === clients.length,
    () => `${fixture.exchanges.length} exchanges`,
  );
  assert.equal(fixture.counters.get("hop_unknown"), 0);
  for (const { client, target } of fixture.exchanges) assert.equal(target, `/${client.ip}`);
  await fixture.settle();
});

Deno.test("openHttpServer: a hop that closed more than 5 s ago is a stranger's", async () => {
  const late = { ...systemClock, monotonic: () => systemClock.monotonic() + 10_000 };
  const book = new AddressBook();
  const counters = new Counters();
  const server = openHttpServer({
    application: { answer: () => plainAnswer(200, "served") },
    environment: {
      book,
      clock: late,
      counters,
      log: createLog({ write: () => {} }),
      sampler: new Sampler(late),
    },
    certificate: undefined,
  });
  const connection = await Deno.connect({ hostname: "127.0.0.1", port: server.port });
  const { hostname: sourceIp, port: sourcePort } = connection.localAddr;
  const key = { sourceIp, sourcePort, listenerPort: server.port };
  const opened = book.open(key, { ip: "192.0.2.1", port: 1 }, systemClock.monotonic());
  if (opened.kind === "open") book.close(opened.slot, systemClock.monotonic());
  using raw = new HopConnection(connection, () => {});
  assert.match((await raw.ask(get("/"))).head, /^HTTP\/1\.1 403 /);
  assert.equal(counters.get("hop_unknown"), 1);
  raw.close();
  await server.shutdown();
});

Deno.test("openHttpServer: shutdown lets a request finish and ends idle connections", async () => {
  await using fixture = new LoopbackFixture();
  using idle = await fixture.connect();
  await idle.ask(get("/"));
  using busy = await fixture.connect();
  await busy.write(get("/wait"));
  await until(() => fixture.exchanges.length === 2, () => "the exchange");
  const closed = fixture.server.shutdown();
  await assert.rejects(idle.readUntil(/never/), /ended/);
  fixture.released.resolve();
  assert.equal((await busy.readAnswer()).body, "late");
  await withDeadline(closed, LIMIT_MS, () => "shutdown");
  await assert.rejects(Deno.connect({ hostname: "127.0.0.1", port: fixture.server.port }));
});

Deno.test("openHttpServer: shutdown ends handshakes that are in the middle, and does not wait for them", async () => {
  const clock = new FakeClock();
  const certificate = await makeCertificate({ names: ["app.example.org"] });
  await using fixture = new LoopbackFixture({ certificate, clock });
  using _silent = await fixture.connect();
  await until(() => clock.pending === 1, () => "the limit of a handshake");
  await withDeadline(fixture.server.shutdown(), LIMIT_MS, () => "shutdown");
  await until(() => clock.pending === 0, () => "no limit");
  assert.equal(fixture.counters.get("request_timeout"), 0);
});

Deno.test("openHttpServer: a key that does not fit its certificate is an error at once", async () => {
  const one = await makeCertificate({ names: ["app.example.org"] });
  const other = await makeCertificate({ names: ["app.example.org"] });
  const certificate = { certPem: one.certPem, keyPem: other.keyPem };
  assert.throws(() => new LoopbackFixture({ certificate }), /key/i);
});
