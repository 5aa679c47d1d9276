import assert from "node:assert/strict";
import type { TcpAddress } from "../../../lib/base/addresses.ts";
import { OPTION } from "../../../lib/linux/constants.ts";
import { type Libc, openLibc } from "../../../lib/linux/libc.ts";
import { PublicSockets } from "../../../lib/relay/splice/public_sockets.ts";
import { countKinds } from "../suite/descriptors.ts";

const opened = openLibc();
const ignore = typeof opened === "string";
const libc = opened as Libc;

function tcp(port = 0, hostname = "127.0.0.1"): TcpAddress {
  return { kind: "tcp", hostname, port };
}

/** Public sockets until the end of a block. */
function open(
  listen: { https?: readonly TcpAddress[]; http?: readonly TcpAddress[] },
  workers = 1,
): PublicSockets & Disposable {
  const sockets = new PublicSockets(libc, { https: [], http: [], ...listen }, workers);
  return Object.assign(sockets, { [Symbol.dispose]: () => sockets.close() });
}

function readOption(descriptor: number, level: number, option: number): number {
  const value = new Int32Array(1);
  const bytes = new Uint8Array(value.buffer);
  const length = new Uint8Array(new Int32Array([4]).buffer);
  assert.equal(libc.getsockopt(descriptor, level, option, bytes, length), 0);
  return value[0];
}

async function isOpen({ hostname, port }: TcpAddress): Promise<boolean> {
  try {
    (await Deno.connect({ hostname, port })).close();
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.ConnectionRefused) return false;
    throw error;
  }
}

function test(name: string, fn: () => void | Promise<void>): void {
  Deno.test({ name: `PublicSockets: ${name}`, ignore, fn });
}

test("says which ports 0 became, and accept there", async () => {
  using sockets = open({ https: [tcp(), tcp()], http: [tcp()] });
  const { https, http } = sockets.bound;
  assert.deepEqual([https.length, http.length], [2, 1]);
  for (const address of [...https, ...http]) {
    assert.ok(address.port > 0);
    assert.equal(await isOpen(address), true);
  }
  assert.deepEqual(sockets.ofWorker(0).map(({ isTls }) => isTls), [true, true, false]);
});

test("each worker has its own of every address, on the same port", async () => {
  using sockets = open({ https: [tcp()], http: [tcp()] }, 3);
  const all = [0, 1, 2].flatMap((worker) => sockets.ofWorker(worker));
  assert.equal(new Set(all.map(({ descriptor }) => descriptor)).size, 6);
  for (const { descriptor } of all) {
    assert.equal(readOption(descriptor, OPTION.SOL_SOCKET, OPTION.SO_ACCEPTCONN), 1);
    assert.equal(readOption(descriptor, OPTION.SOL_SOCKET, OPTION.SO_REUSEPORT), 1);
  }
  assert.equal(await isOpen(sockets.bound.https[0]), true);
});

test("of one worker let no other process in, and connections inherit their options", () => {
  using sockets = open({ https: [tcp()] });
  const [{ descriptor }] = sockets.ofWorker(0);
  assert.equal(readOption(descriptor, OPTION.SOL_SOCKET, OPTION.SO_REUSEPORT), 0);
  assert.equal(readOption(descriptor, OPTION.SOL_SOCKET, OPTION.SO_REUSEADDR), 1);
  assert.equal(readOption(descriptor, OPTION.SOL_SOCKET, OPTION.SO_KEEPALIVE), 1);
  assert.equal(readOption(descriptor, OPTION.IPPROTO_TCP, OPTION.TCP_NODELAY), 1);
});

test("close leaves no port open, and can be called twice", async () => {
  const before = await countKinds();
  const sockets = open({ https: [tcp()], http: [tcp()] }, 2);
  sockets.close();
  sockets.close();
  assert.equal(await isOpen(sockets.bound.https[0]), false);
  assert.equal(await isOpen(sockets.bound.http[0]), false);
  assert.equal((await countKinds())?.sockets, before?.sockets);
});

for (const workers of [1, 2]) {
  test(`a port that is taken is named, and none is left open, with ${workers} workers`, async () => {
    using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const before = await countKinds();
    const listen = { https: [tcp()], http: [tcp(taken.addr.port)] };
    assert.throws(() => open(listen, workers), {
      message: `Cannot listen on 127.0.0.1:${taken.addr.port}: ` +
        "Address already in use (os error 98)",
    });
    assert.equal((await countKinds())?.sockets, before?.sockets);
  });

  test(`a port of another Postern is taken, with ${workers} workers`, () => {
    using first = open({ https: [tcp()] }, workers);
    assert.throws(() => open({ https: first.bound.https }, workers), /Address already in use/);
  });
}

const NOT_BOUND: readonly [hostname: string, problem: RegExp][] = [
  ["no.address.example", /Cannot listen on no\.address\.example:0: not an IP address/],
  ["192.0.2.1", /Cannot listen on 192\.0\.2\.1:0: Cannot assign requested address/],
];

for (const [hostname, problem] of NOT_BOUND) {
  test(`${hostname} is refused in words`, () => {
    assert.throws(() => open({ https: [tcp(0, hostname)] }), problem);
  });
}

test("localhost is 127.0.0.1", async () => {
  using sockets = open({ https: [tcp(0, "localhost")] });
  assert.equal(await isOpen(tcp(sockets.bound.https[0].port)), true);
});

Deno.test({
  name: "PublicSockets: [::] takes IPv4 clients as well (needs IPv6)",
  ignore: ignore || !hasIpv6(),
  fn: async () => {
    using sockets = open({ https: [tcp(0, "::")] });
    const [{ port }] = sockets.bound.https;
    assert.equal(await isOpen(tcp(port)), true);
    assert.equal(await isOpen(tcp(port, "::1")), true);
  },
});

function hasIpv6(): boolean {
  try {
    Deno.listen({ hostname: "::1", port: 0 }).close();
    return true;
  } catch {
    return false; // The system has no IPv6 at all.
  }
}
