import assert from "node:assert/strict";
import { systemClock } from "../../lib/base/clock.ts";
import { Counters } from "../../lib/base/counters.ts";
import { silentLog } from "../../lib/base/log.ts";
import { Sampler } from "../../lib/base/sampler.ts";
import type { ProxyEnvironment } from "../../lib/http/proxy.ts";
import { createRouteApplication } from "../../lib/http/route_application.ts";
import { UpstreamClient } from "../../lib/http/upstream/upstream_client.ts";
import { prepareServer } from "../../lib/http/upstream/upstream_server.ts";
import {
  type BrokenUpstream,
  type Script,
  startBrokenUpstream,
} from "../support/broken_upstream.ts";
import { makeRouteEnvironment } from "../support/exchanges.ts";
import { get, LoopbackFixture, until } from "../support/loopback_fixture.ts";
import { makeRoute, makeServer } from "../support/route_configs.ts";

/** The whole HTTP plane, from a hop to upstreams that play scripts. */
class Plane implements AsyncDisposable {
  readonly fixture: LoopbackFixture;
  readonly client = new UpstreamClient({ clock: systemClock, counters: new Counters() });
  readonly upstreams: BrokenUpstream[];

  /** @param scripts One per server; undefined is a server that nobody listens for. */
  constructor(...scripts: (Script | undefined)[]) {
    this.upstreams = scripts.map((script) => startBrokenUpstream(script ?? (async () => {})));
    const servers = this.upstreams.map(({ address }, index) =>
      makeServer(scripts[index] === undefined ? UNUSED_PORT : address.port)
    );
    const route = makeRoute("offload", ["app.example.org"], { servers });
    const { upstreamTls: tls, timeouts } = route;
    const environment: ProxyEnvironment = {
      clock: systemClock,
      counters: new Counters(),
      log: silentLog,
      sampler: new Sampler(systemClock),
      via: "postern-test",
      orderServers: (list) => list,
      stickyKeyOf: () => "0".repeat(16),
      send: (server, request, sending) =>
        this.client.send(prepareServer(server, { tls, timeouts }), request, sending),
    };
    const application = createRouteApplication(route, makeRouteEnvironment(environment));
    this.fixture = new LoopbackFixture({ application });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.fixture[Symbol.asyncDispose]();
    this.client.close();
    for (const upstream of this.upstreams) await upstream[Symbol.asyncDispose]();
  }
}

/** Nobody listens at tcpmux's port on a host that runs tests. */
const UNUSED_PORT = 1;

const answer = (text: string): Script => async (peer) => {
  await peer.readHead();
  await peer.write(text);
};

/** Reads a request to the end of its body's last chunk or length, and sends it back. */
const echo: Script = async (peer) => {
  let request = await peer.readHead();
  const length = /^content-length: (\d+)/im.exec(request)?.[1];
  let body = "";
  const isWhole = () => length === undefined ? body.endsWith("0\r\n\r\n") : body.length >= +length;
  while (!isWhole()) body += new TextDecoder("latin1").decode(await peer.read());
  request += body;
  await peer.write(`HTTP/1.1 200 OK\r\nContent-Length: ${request.length}\r\n\r\n${request}`);
};

const POST = "POST / HTTP/1.1\r\nHost: app.example.org\r\n";
const BODIES: Record<string, string> = {
  "with a length": `${POST}Content-Length: 5\r\n\r\nhello`,
  "in chunks": `${POST}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n`,
};
for (const [name, request] of Object.entries(BODIES)) {
  Deno.test(`proxy: the second server gets the whole body ${name} when the first is down`, async () => {
    await using plane = new Plane(undefined, echo);
    using connection = await plane.fixture.connect();
    const { head, body } = await connection.ask(request);
    assert.match(head, /^HTTP\/1\.1 200 /);
    assert.match(body, /\r\n\r\n(?:5\r\n)?hello/);
  });
}

Deno.test("proxy: what an upstream gets on the wire", async () => {
  await using plane = new Plane(echoHead);
  using connection = await plane.fixture.connect("2001:db8::7");
  const { body } = await connection.ask(
    get("/a%2Fb//c/./d?x=%zz", "X-Forwarded-For: 10.0.0.1\r\nConnection: X-Hop\r\nX-Hop: 1\r\n"),
  );
  assert.deepEqual(body.split("\r\n"), [
    "GET /a%2Fb//c/./d?x=%zz HTTP/1.1",
    "Host: app.example.org",
    "X-Forwarded-For: 2001:db8::7",
    "X-Forwarded-Proto: http",
    "X-Forwarded-Host: app.example.org",
    "X-Real-IP: 2001:db8::7",
    'Forwarded: for="[2001:db8::7]";host=app.example.org;proto=http',
    "Via: 1.1 postern-test",
    "",
    "",
  ]);
});

const echoHead: Script = async (peer) => {
  const head = await peer.readHead();
  await peer.write(`HTTP/1.1 200 OK\r\nContent-Length: ${head.length}\r\n\r\n${head}`);
};

const CONTROL = Array.from({ length: 32 }, (_, code) => code).filter((code) => code !== 9);

Deno.test("proxy: a control character in an upstream's field is 502; sent on, it ends the process", async () => {
  for (const code of [...CONTROL, 0x7f]) {
    const character = String.fromCharCode(code);
    await using plane = new Plane(
      answer(`HTTP/1.1 200 OK\r\nX-Bad: a${character}b\r\nContent-Length: 0\r\n\r\n`),
    );
    using connection = await plane.fixture.connect();
    const { head, body } = await connection.ask(get("/"));
    assert.match(head, /^HTTP\/1\.1 502 /, `character ${code}`);
    assert.match(body, /^Bad gateway/);
  }
});

Deno.test("proxy: bytes from 0x80 and tabs in an upstream's field pass as they are", async () => {
  const value = `\t${String.fromCharCode(...Array.from({ length: 128 }, (_, code) => 128 + code))}`;
  await using plane = new Plane(
    answer(`HTTP/1.1 200 OK\r\nX-Good: a${value}b\r\nContent-Length: 0\r\n\r\n`),
  );
  using connection = await plane.fixture.connect();
  const { head } = await connection.ask(get("/"));
  assert.ok(head.includes(`a${value}b`), JSON.stringify(head));
});

Deno.test("proxy: an upstream that dies in the middle cuts the client's answer short", async () => {
  const deaths = [
    "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nshort\r\n",
  ];
  for (const text of deaths) {
    await using plane = new Plane(answer(text));
    using connection = await plane.fixture.connect();
    await connection.write(get("/"));
    await connection.readUntil(/short/);
    await assert.rejects(connection.readUntil(/\r\n0\r\n\r\n|[^]{95}/));
    connection.close();
    await plane.fixture.settle();
  }
});

Deno.test("proxy: a client that leaves takes the upstream's connection along", async () => {
  for (const start of ["", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort"]) {
    await using plane = new Plane(async (peer) => {
      await peer.readHead();
      await peer.write(start);
      await peer.untilGone();
    });
    const [upstream] = plane.upstreams;
    const connection = await plane.fixture.connect();
    await connection.write(get("/"));
    await until(() => upstream.open === 1, () => "the upstream's connection");
    if (start !== "") await connection.readUntil(/short/);
    connection.close();
    await until(() => upstream.open === 0, () => "its end");
    await plane.fixture.settle();
  }
});

Deno.test("proxy: RFC 9110 §9.3.2, HEAD tells the upstream's length, or none", async () => {
  const script: Script = async (peer) => {
    const isKnown = (await peer.readHead()).startsWith("HEAD /known");
    const framing = isKnown ? "Content-Length: 5" : "Transfer-Encoding: chunked";
    await peer.write(`HTTP/1.1 200 OK\r\n${framing}\r\n\r\n`);
  };
  await using plane = new Plane(script);
  using connection = await plane.fixture.connect();
  const head = async (target: string) => {
    await connection.write(get(target).replace("GET", "HEAD"));
    return (await connection.readUntil(/\r\n\r\n/)).toLowerCase();
  };
  assert.match(await head("/known"), /\r\ncontent-length: 5\r\n/);
  assert.doesNotMatch(await head("/unknown"), /content-length|transfer-encoding/);
});

Deno.test("proxy: RFC 9110 §15.3.5 and §15.4.5, 204 and 304 keep their framing on the client's side", async () => {
  for (const status of ["204 No Content", "304 Not Modified"]) {
    await using plane = new Plane(answer(`HTTP/1.1 ${status}\r\nETag: "a"\r\n\r\n`));
    using connection = await plane.fixture.connect();
    await connection.write(get("/"));
    const head = await connection.readUntil(/\r\n\r\n/);
    assert.match(head, new RegExp(`^HTTP/1\\.1 ${status.slice(0, 3)} `));
    assert.match(head, /etag: "a"/i);
    assert.doesNotMatch(head, /transfer-encoding/i);
    await connection.write(get("/"));
    await connection.readUntil(/\r\n\r\n/);
  }
});

Deno.test("proxy: an answer streams on as it comes", async () => {
  const more = Promise.withResolvers<void>();
  await using plane = new Plane(async (peer) => {
    await peer.readHead();
    await peer.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    await more.promise;
    await peer.write("5\r\nevent\r\n0\r\n\r\n");
  });
  using connection = await plane.fixture.connect();
  await connection.write(get("/"));
  await connection.readUntil(/\r\n\r\n/);
  more.resolve();
  await connection.readUntil(/event/);
});
