import assert from "node:assert/strict";
import { AddressBook } from "../../lib/hop/address_book.ts";
import { type Clock, systemClock } from "../../lib/base/clock.ts";
import { Counters } from "../../lib/base/counters.ts";
import { createLog } from "../../lib/base/log.ts";
import { Sampler } from "../../lib/base/sampler.ts";
import { createApplication, type Handler } from "../../lib/http/application.ts";
import type { Exchange } from "../../lib/http/exchange.ts";
import { type HttpServerOptions, openHttpServer } from "../../lib/http/http_server.ts";
import type { LoopbackServer } from "../../lib/http/loopback_server.ts";
import type { Answer, Body } from "../../lib/http/message.ts";
import { makeCertificate } from "../support/certificates.ts";
import { withDeadline } from "../support/deadline.ts";
import { readText } from "../support/exchanges.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { textAnswer } from "../support/http1_place.ts";
import { concat, encodeSettings, FRAME, PREFACE } from "../support/http2_frames.ts";
import { openTcp, RawClient } from "../support/raw_client.ts";

const LIMIT_MS = 20_000;
const MIB = 1_048_576;
const CERTIFICATE = await makeCertificate({ names: ["app.example.org"] });
const GET = "GET / HTTP/1.1\r\nHost: app.example.org\r\n\r\n";

/** A server, and clients that come over hops as the relay makes them. */
class Place implements AsyncDisposable {
  readonly book = new AddressBook(AddressBook.allocate(256));
  readonly counters = new Counters();
  readonly lines: string[] = [];
  readonly exchanges: Exchange[] = [];
  readonly server: LoopbackServer;

  /** @param clock Of the server; hops go by the host's. */
  constructor(
    handler: Handler,
    options: Partial<HttpServerOptions> = {},
    clock: Clock = systemClock,
  ) {
    this.server = openHttpServer({
      application: createApplication([{
        path: "*",
        handler: (exchange) => {
          this.exchanges.push(exchange);
          return handler(exchange);
        },
      }]),
      environment: {
        book: this.book,
        clock,
        counters: this.counters,
        log: createLog({ write: (line) => this.lines.push(line) }),
        sampler: new Sampler(clock),
      },
      certificate: undefined,
      ...options,
    });
  }

  async open(): Promise<RawClient> {
    const client = await openTcp({ kind: "tcp", hostname: "127.0.0.1", port: this.server.port });
    this.#enter(client);
    return client;
  }

  /** @param alpn What the client offers. */
  async openTls(alpn = ["http/1.1"]): Promise<RawClient> {
    const tcp = await Deno.connect({ hostname: "127.0.0.1", port: this.server.port });
    this.#enter(new RawClient(tcp));
    const tls = await Deno.startTls(tcp, {
      hostname: "app.example.org",
      caCerts: [CERTIFICATE.certPem],
      alpnProtocols: alpn,
    });
    return new RawClient(tls);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await withDeadline(this.server.shutdown(), LIMIT_MS, () => "shutdown");
  }

  #enter({ connection }: RawClient): void {
    const { hostname: sourceIp, port: sourcePort } = connection.localAddr as Deno.NetAddr;
    const key = { sourceIp, sourcePort, listenerPort: this.server.port };
    this.book.open(key, { ip: "192.0.2.1", port: 50_000 }, systemClock.monotonic());
  }
}

/** A body without end, and how much of it was read. */
function endless(): Body & { bytes: number } {
  return {
    length: undefined,
    trailers: [],
    isTouched: false,
    bytes: 0,
    cancel: () => {},
    read(target) {
      this.bytes += target.length;
      return Promise.resolve(target.length);
    },
  };
}

async function until(holds: () => boolean): Promise<void> {
  const deadlineAt = Date.now() + LIMIT_MS;
  while (!holds()) {
    if (Date.now() > deadlineAt) throw new Error("Not in time");
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

for (const secured of [false, true]) {
  const way = secured ? "over TLS" : "in plain";
  const options = { certificate: secured ? CERTIFICATE : undefined };
  const open = (place: Place) => secured ? place.openTls() : place.open();

  Deno.test(`openHttpServer: requests and bodies, ${way}`, async () => {
    await using place = new Place(
      async ({ body, scheme }) => textAnswer(`${scheme} ${body && await readText({ body })}`),
      options,
    );
    using client = await open(place);
    const scheme = secured ? "https" : "http";
    await client.write(GET);
    await client.readUntil(`\r\n\r\n${scheme} undefined`);
    const text = "x".repeat(300_000);
    const head = `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${text.length}\r\n\r\n`;
    await client.write(head + text);
    await client.readUntil(`\r\n\r\n${scheme} ${text}`);
    await client.write(GET);
    await client.readUntil(`\r\n\r\n${scheme} undefined`);
  });

  Deno.test(`openHttpServer: the last answer arrives whole, and the end in good order, ${way}`, async () => {
    const text = "x".repeat(2 * MIB);
    await using place = new Place(() => textAnswer(text), options);
    using client = await open(place);
    await client.write(GET.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n"));
    const end = await client.readToEnd();
    assert.equal(end.how, "end");
    assert.equal(end.bytes.length - end.text.indexOf("\r\n\r\n") - 4, text.length);
  });

  Deno.test(`openHttpServer: an early answer to an upload that goes on arrives, ${way}`, async () => {
    await using place = new Place(() => textAnswer("too large", 413), options);
    using client = await open(place);
    const head = `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${8 * MIB}\r\n\r\n`;
    await client.write(head);
    const sending = (async () => {
      for (let sent = 0; sent < 8 * MIB; sent += 65_536) await client.write(new Uint8Array(65_536));
    })();
    await client.readUntil("\r\n\r\ntoo large");
    await sending;
    await client.end();
    assert.equal((await client.readToEnd()).how, "end");
  });

  Deno.test(`openHttpServer: a client that leaves aborts, whatever the clock says, ${way}`, async () => {
    const never = Promise.withResolvers<Answer>();
    // It stands still: what waits for a moment would wait for ever.
    await using place = new Place(() => never.promise, options, new FakeClock());
    const client = await open(place);
    await client.write(GET);
    await until(() => place.exchanges.length === 1);
    client[Symbol.dispose]();
    await until(() => place.exchanges[0].signal.aborted);
    never.resolve(textAnswer("late"));
  });

  Deno.test(`openHttpServer: a slow reader holds the body back, ${way}`, async () => {
    const body = endless();
    await using place = new Place(
      () => ({ status: 200, reason: "", headers: [], body }),
      options,
    );
    using client = await open(place);
    await client.write(GET);
    await client.readUntil("\r\n\r\n");
    let bytes = -1;
    for (; bytes !== body.bytes; await new Promise((resolve) => setTimeout(resolve, 100))) {
      bytes = body.bytes;
    }
    assert.ok(bytes < 64 * MIB, `only socket buffers fill: ${bytes}`);
  });

  Deno.test(`openHttpServer: shutdown ends what is idle and waits for what is not, ${way}`, async () => {
    const waiting = Promise.withResolvers<Answer>();
    await using place = new Place(() => waiting.promise, options);
    using silent = await open(place);
    using busy = await open(place);
    await busy.write(GET);
    await until(() => place.exchanges.length === 1);
    const closed = place.server.shutdown();
    assert.equal(await Promise.race([closed, Promise.resolve("waits")]), "waits");
    await silent.readToEnd();
    waiting.resolve(textAnswer("late"));
    const { text } = await busy.readToEnd();
    assert.match(text, /\r\nConnection: close\r\n[^]*\r\n\r\nlate$/);
    await withDeadline(closed, LIMIT_MS, () => "shutdown");
    await assert.rejects(Deno.connect({ hostname: "127.0.0.1", port: place.server.port }));
  });

  Deno.test(`openHttpServer: a tunnel carries 4 MiB both ways and outlives the shutdown, ${way}`, async () => {
    using upstream = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const dialled = Deno.connect({ hostname: "127.0.0.1", port: upstream.addr.port });
    const server = new RawClient(await upstream.accept());
    const connection = await dialled;
    const place = new Place(() => ({
      status: 101,
      reason: "",
      headers: [["Upgrade", "echo"]],
      body: undefined,
      tunnel: { connection, initial: new Uint8Array(0) },
    }), options);
    using client = await open(place);
    await client.write(GET.replace("\r\n\r\n", "\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n"));
    await client.readUntil("\r\n\r\n");
    await withDeadline(place.server.shutdown(), LIMIT_MS, () => "a tunnel does not hold it up");
    const sent = crypto.getRandomValues(new Uint8Array(65_536));
    const echo = (async () => {
      const buffer = new Uint8Array(65_536);
      for (let count; (count = await server.connection.read(buffer)) !== null;) {
        await server.write(buffer.subarray(0, count));
      }
      await server.end();
    })();
    const sending = (async () => {
      for (let round = 0; round < 64; round++) await client.write(sent);
      await client.end();
    })();
    const { bytes, how } = await client.readToEnd();
    await Promise.all([echo, sending]);
    assert.equal(how, "end");
    assert.equal(bytes.length, 64 * sent.length);
    assert.deepEqual(bytes.subarray(-sent.length), sent);
    server[Symbol.dispose]();
  });
}

Deno.test("openHttpServer: a handshake that fails or never ends costs a connection and no more", async () => {
  await using place = new Place(() => textAnswer("served"), {
    certificate: CERTIFICATE,
    timeouts: { headerMs: 300 },
  });
  using garbage = await place.open();
  await garbage.write(GET);
  await garbage.readToEnd();
  // The runtime goes on waiting for a handshake after close(); the relay, or the client, ends it.
  using _silent = await place.open();
  await until(() => place.counters.get("request_timeout") === 1);
  using client = await place.openTls();
  await client.write(GET);
  await client.readUntil("served");
  assert.deepEqual(place.lines, []);
});

for (const alpn of [[], ["http/1.1"], ["x", "http/1.1"]]) {
  Deno.test(`openHttpServer: RFC 7301 §3.2, a client that offers "${alpn}" speaks HTTP/1.1`, async () => {
    await using place = new Place(({ httpVersion }) => textAnswer(`version ${httpVersion}`), {
      certificate: CERTIFICATE,
    });
    using client = await place.openTls(alpn);
    await client.write(GET);
    await client.readUntil("\r\n\r\nversion 1.1");
  });
}

for (const alpn of [["h2"], ["h2", "http/1.1"], ["http/1.1", "h2"]]) {
  Deno.test(`openHttpServer: RFC 9113 §3.4, a client that offers "${alpn}" gets SETTINGS first`, async () => {
    await using place = new Place(() => textAnswer("served"), { certificate: CERTIFICATE });
    using client = await place.openTls(alpn);
    await client.write(concat([PREFACE, encodeSettings()]));
    const head = new Uint8Array(9);
    assert.equal(await withDeadline(client.connection.read(head), LIMIT_MS, () => "a frame"), 9);
    assert.deepEqual([head[3], head[4] & 1, ...head.subarray(5)], [FRAME.settings, 0, 0, 0, 0, 0]);
  });
}

Deno.test("openHttpServer: RFC 7301 §3.3, a client that offers other protocols only is refused", async () => {
  await using place = new Place(() => textAnswer("served"), { certificate: CERTIFICATE });
  await assert.rejects(
    place.openTls(["h3"]).then(async (client) => {
      using _client = client;
      await client.write(GET);
      await client.connection.read(new Uint8Array(1));
    }),
    /NoApplicationProtocol/,
  );
  using client = await place.openTls();
  await client.write(GET);
  await client.readUntil("served");
});

Deno.test("openHttpServer: without TLS there is no HTTP/2, whatever a client begins with", async () => {
  await using place = new Place(() => textAnswer("served"));
  using client = await place.open();
  await client.write(PREFACE);
  assert.match((await client.readToEnd()).text, /^HTTP\/1\.1 (?:400|505) /);
  assert.deepEqual(place.exchanges, []);
});

Deno.test("openHttpServer: tells its port before the first connection, and keeps it", async () => {
  const ports: number[] = [];
  await using place = new Place(() => textAnswer(""), { onListen: (port) => ports.push(port) });
  assert.deepEqual(ports, [place.server.port]);
});

Deno.test("openHttpServer: a key that does not fit its certificate is an error at once", async () => {
  const other = await makeCertificate({ names: ["app.example.org"] });
  const certificate = { certPem: CERTIFICATE.certPem, keyPem: other.keyPem };
  assert.throws(() => new Place(() => textAnswer(""), { certificate }), /key/i);
});

Deno.test("openHttpServer: goes on after descriptors ran out", async () => {
  const script = new URL("./http_server_exhausted.ts", import.meta.url).pathname;
  const deno = Deno.execPath();
  const { stdout, stderr } = await new Deno.Command("sh", {
    args: ["-c", `ulimit -n 64 && exec "${deno}" run --quiet --no-check --allow-net "${script}"`],
  }).output();
  const errors = new TextDecoder().decode(stderr);
  assert.equal(new TextDecoder().decode(stdout), "failed\nanswered 200\n", errors);
});
