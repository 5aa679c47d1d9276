/**
 * Which server a connection reaches, what it is told, and what becomes of servers that are down.
 *
 * @module
 */
import assert from "node:assert/strict";
import { isIPv4 } from "node:net";
import { encodeAlert } from "../../../lib/tls/alert.ts";
import { findFreePort } from "../../support/free_port.ts";
import { makeTempFolder } from "../../support/temp_folder.ts";
import { countDescriptors } from "./descriptors.ts";
import { Fixture, hello, LATENESS_MS, LIMITS, type MakeEngine, until } from "./fixture.ts";
import { NAME } from "./open_pair.ts";
import { Peer, TestServer } from "./peer.ts";
import { SilentServer } from "./silent_server.ts";

/** Server names and the route that must have them. */
const MATCHES: readonly (readonly [string, number])[] = [
  ["app.example", 0],
  ["APP.Example.", 0],
  ["a.wild.example", 1],
  ["a.b.wild.example", 2],
  ["wild.example", 2],
  ["192.0.2.1", 2],
];

/** Registers the tests. */
export function serversTests(name: string, makeEngine: MakeEngine): void {
  for (const [serverName, routeIndex] of MATCHES) {
    Deno.test(`${name} route: ${serverName} goes to route ${routeIndex}`, async () => {
      using servers = new DisposableStack();
      const sketches = [["app.example"], ["*.wild.example"], ["*"]].map((hosts) => ({
        hosts,
        server: servers.use(new TestServer()),
      }));
      const routes = sketches.map(({ hosts, server }) => ({ hosts, servers: [server.port] }));
      await using fixture = new Fixture(makeEngine, { routes });
      using client = await fixture.connect(serverName);
      const server = await sketches[routeIndex].server.accept();
      assert.deepEqual(await server.read(hello(serverName).length), hello(serverName));
      client[Symbol.dispose]();
      server[Symbol.dispose]();
      const record = await fixture.recorded();
      assert.equal(record.serverName, serverName);
      assert.equal(record.routeIndex, routeIndex);
      assert.equal(record.server, `127.0.0.1:${sketches[routeIndex].server.port}`);
    });
  }

  proxyHeaderTests(name, makeEngine);
  failoverTests(name, makeEngine);

  Deno.test(`${name} unix_server: is relayed to`, async () => {
    using folder = makeTempFolder();
    const path = `${folder.path}/server.sock`;
    using testServer = new TestServer(Deno.listen({ transport: "unix", path }));
    const routes = [{ hosts: [NAME], servers: [`unix:${path}`] }];
    await using fixture = new Fixture(makeEngine, { routes });
    using client = await fixture.connect(NAME);
    await client.end();
    const server = await testServer.accept();
    assert.deepEqual(await server.readToEnd(), hello(NAME));
    await server.write(Uint8Array.of(1));
    await server.end();
    assert.deepEqual(await client.readToEnd(), Uint8Array.of(1));
    assert.equal((await fixture.recorded()).server, `unix:${path}`);
  });

  Deno.test({
    name: `${name} ipv4_client: of a [::] listener is seen under its IPv4 address (needs IPv6)`,
    ignore: !hasIpv6(),
    fn: async () => {
      using testServer = new TestServer();
      const routes = [{
        hosts: [NAME],
        servers: [testServer.port],
        proxyProtocols: ["v1" as const],
      }];
      await using fixture = new Fixture(makeEngine, { routes, hostname: "::" });
      using client = await fixture.connect(NAME);
      const server = await testServer.accept();
      const expected = proxyV1(client, fixture.httpsPort);
      assert.deepEqual(await server.read(expected.length), expected);
      client[Symbol.dispose]();
      server[Symbol.dispose]();
      const record = await fixture.recorded();
      assert.ok(isIPv4(record.client.ip), record.client.ip);
    },
  });
}

function proxyHeaderTests(name: string, makeEngine: MakeEngine): void {
  const encoders = { off: () => new Uint8Array(), v1: proxyV1, v2: proxyV2 } as const;
  for (const version of ["off", "v1", "v2"] as const) {
    Deno.test(`${name} proxy_header: ${version} is what the server reads before the hello`, async () => {
      using testServer = new TestServer();
      const routes = [{ hosts: [NAME], servers: [testServer.port], proxyProtocols: [version] }];
      await using fixture = new Fixture(makeEngine, { routes });
      using client = await fixture.connect(NAME);
      await client.end();
      const server = await testServer.accept();
      const expected = [...encoders[version](client, fixture.httpsPort), ...hello(NAME)];
      assert.deepEqual(await server.readToEnd(), Uint8Array.from(expected));
      // The header is ours; what the record counts is the client's.
      server[Symbol.dispose]();
      assert.equal((await fixture.recorded()).bytesUp, hello(NAME).length);
    });
  }

  Deno.test(`${name} proxy_header: is each server's own affair`, async () => {
    using testServer = new TestServer();
    const servers = [closedPort(), testServer.port];
    const routes = [{ hosts: [NAME], servers, proxyProtocols: ["v2" as const, "v1" as const] }];
    await using fixture = new Fixture(makeEngine, { routes });
    using client = await fixture.connect(NAME);
    await client.end();
    const server = await testServer.accept();
    const expected = [...proxyV1(client, fixture.httpsPort), ...hello(NAME)];
    assert.deepEqual(await server.readToEnd(), Uint8Array.from(expected));
  });
}

function failoverTests(name: string, makeEngine: MakeEngine): void {
  Deno.test(`${name} server_down: the next one that takes connections is used`, async () => {
    using silent = await SilentServer.listen();
    using testServer = new TestServer();
    const servers = [closedPort(), "unix:/nonexistent/server.sock", silent.port, testServer.port];
    await using fixture = new Fixture(makeEngine, { routes: [{ hosts: [NAME], servers }] });
    using client = await fixture.connect(NAME);
    await until(() => fixture.lines.length === 2, () => "two failures in the log");
    await fixture.clock.advance(LIMITS.connect + LATENESS_MS);
    const server = await testServer.accept();
    assert.deepEqual(await server.read(hello(NAME).length), hello(NAME));
    assert.equal(fixture.lines.length, 3);
    assert.match(fixture.lines[2], /warn .*Cannot reach server .*upstream_connect_timeout/);
    client[Symbol.dispose]();
    server[Symbol.dispose]();
    const record = await fixture.recorded();
    assert.equal(record.server, `127.0.0.1:${testServer.port}`);
    assert.equal(record.reason, undefined, "a server was found in the end");
  });

  Deno.test(`${name} all_down: the client gets the alert internal_error`, async () => {
    const servers = [closedPort(), closedPort()];
    await using fixture = new Fixture(makeEngine, { routes: [{ hosts: [NAME], servers }] });
    using client = await fixture.connect(NAME);
    assert.deepEqual(await client.readToEnd(), encodeAlert("internal_error"));
    client[Symbol.dispose]();
    const record = await fixture.recorded();
    assert.equal(record.end, "upstream_unreachable");
    assert.equal(record.reason, "upstream_refused");
    assert.equal(fixture.counters.get("upstream_unreachable"), 1);
  });

  Deno.test(`${name} all_down: clients cannot fill the log`, async () => {
    const servers = [closedPort()];
    await using fixture = new Fixture(makeEngine, { routes: [{ hosts: [NAME], servers }] });
    for (let turn = 0; turn < 20; turn++) {
      using client = await fixture.connect(NAME);
      await client.readToEnd();
    }
    await fixture.recorded(20);
    assert.ok(fixture.lines.length <= 5, `${fixture.lines.length} lines`);
  });

  Deno.test(`${name} server_silent: that is the last one ends in internal_error`, async () => {
    using silent = await SilentServer.listen();
    const routes = [{ hosts: [NAME], servers: [silent.port] }];
    await using fixture = new Fixture(makeEngine, { routes });
    using client = await fixture.connect(NAME);
    await until(() => fixture.dials === 1, () => "the attempt to connect");
    await fixture.clock.advance(LIMITS.connect + LATENESS_MS);
    assert.deepEqual(await client.readToEnd(), encodeAlert("internal_error"));
  });

  Deno.test(`${name} server_silent: 20 attempts leave no descriptors behind`, async () => {
    using silent = await SilentServer.listen();
    const routes = [{ hosts: [NAME], servers: [silent.port] }];
    await using fixture = new Fixture(makeEngine, { routes });
    const before = await countDescriptors();
    const clients = await Promise.all(Array.from({ length: 20 }, () => fixture.connect(NAME)));
    await until(() => fixture.dials === 20, () => "the attempts to connect");
    await fixture.clock.advance(LIMITS.connect + LATENESS_MS);
    for (const client of clients) {
      await client.readToEnd();
      client[Symbol.dispose]();
    }
    await fixture.recorded(20);
    // The kernel itself would go on knocking for two minutes, each with a descriptor of ours.
    const after = await countDescriptors();
    assert.ok(after === undefined || after < before! + 10, `${before} -> ${after}`);
  });

  Deno.test(`${name} server_late: one that lets us in after a while is waited for`, async () => {
    using silent = await SilentServer.listen();
    const routes = [{ hosts: [NAME], servers: [silent.port] }];
    await using fixture = new Fixture(makeEngine, { routes });
    using _client = await fixture.connect(NAME);
    await until(() => fixture.dials === 1, () => "the attempt to connect");
    await fixture.clock.advance(LIMITS.connect - 1);
    using server = new Peer(await silent.wake());
    assert.deepEqual(await server.read(hello(NAME).length), hello(NAME));
  });

  Deno.test(`${name} server_mute: one that takes the hello and says nothing ends as idle`, async () => {
    using testServer = new TestServer();
    const routes = [{ hosts: [NAME], servers: [testServer.port] }];
    await using fixture = new Fixture(makeEngine, { routes });
    using client = await fixture.connect(NAME);
    await until(() => fixture.counters.get("connections_relayed") === 1, () => "the relay");
    await fixture.clock.advance(LIMITS.idle + LATENESS_MS);
    assert.equal((await client.readToEnd()).length, 0);
    assert.equal((await fixture.recorded()).end, "idle_timeout");
  });
}

/** A port of 127.0.0.1 that refuses connections. */
function closedPort(): number {
  return findFreePort();
}

function hasIpv6(): boolean {
  try {
    Deno.listen({ hostname: "::", port: 0 }).close();
    return true;
  } catch {
    return false; // The system has no IPv6 at all.
  }
}

/** proxy-protocol.txt §2.1, of a connection from the client to a port of 127.0.0.1. */
function proxyV1(client: Peer, port: number): Uint8Array {
  const source = client.connection.localAddr as Deno.NetAddr;
  return new TextEncoder().encode(
    `PROXY TCP4 127.0.0.1 127.0.0.1 ${source.port} ${port}\r\n`,
  );
}

/** proxy-protocol.txt §2.2. */
function proxyV2(client: Peer, port: number): Uint8Array {
  const source = client.connection.localAddr as Deno.NetAddr;
  const signature = [0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a];
  const addresses = [127, 0, 0, 1, 127, 0, 0, 1];
  const ports = [source.port >> 8, source.port & 0xff, port >> 8, port & 0xff];
  return Uint8Array.of(...signature, 0x21, 0x11, 0, 12, ...addresses, ...ports);
}
