import assert from "node:assert/strict";
import type { Address } from "../../lib/base/addresses.ts";
import { type Clock, systemClock } from "../../lib/base/clock.ts";
import { Failure, type FailureKind } from "../../lib/base/failures.ts";
import type { SampleAddress } from "../../lib/config/config.ts";
import { connect } from "../../lib/upstream/connect.ts";
import { withDeadline } from "../support/deadline.ts";
import { ipv6Note, whyNoIpv6 } from "../support/ipv6.ts";
import { makeTempFolder } from "../support/temp_folder.ts";

/** Where names are asked for in vain, resolvers take ten seconds and more to say so. */
const OPTIONS = { clock: systemClock, timeoutMs: 60_000 };

/** Time is over as soon as somebody waits. */
const impatientClock: Clock = {
  ...systemClock,
  after: (_delayMs, run) => {
    let isCancelled = false;
    const cancel = () => void (isCancelled = true);
    queueMicrotask(() => isCancelled || run());
    return { cancel, [Symbol.dispose]: cancel };
  },
};

async function failureOf(
  address: Address | SampleAddress,
  options: Parameters<typeof connect>[1] = OPTIONS,
): Promise<Failure> {
  try {
    (await connect(address, options)).close();
  } catch (error) {
    assert.ok(error instanceof Failure, String(error));
    return error;
  }
  throw new Error("connected");
}

async function echoOnce(listener: Deno.Listener): Promise<void> {
  const connection = await listener.accept();
  await connection.readable.pipeTo(connection.writable);
}

async function assertEchoes(connection: Deno.Conn): Promise<void> {
  await connection.write(new TextEncoder().encode("ping"));
  const buffer = new Uint8Array(8);
  assert.equal(await connection.read(buffer), 4);
  connection.close();
}

for (const hostname of ["127.0.0.1", "::1", "localhost"]) {
  const isIpv6 = hostname === "::1";
  Deno.test({
    name: `connect: over TCP to ${hostname}${isIpv6 ? ipv6Note : ""}`,
    ignore: isIpv6 && whyNoIpv6 !== undefined,
    fn: async () => {
      using listener = Deno.listen({ hostname: isIpv6 ? "::1" : "127.0.0.1", port: 0 });
      const echoed = echoOnce(listener);
      const { port } = listener.addr as Deno.NetAddr;
      await assertEchoes(await connect({ kind: "tcp", hostname, port }, OPTIONS));
      await echoed;
    },
  });
}

Deno.test("connect: to a Unix socket", async () => {
  using folder = makeTempFolder();
  const path = `${folder.path}/app.sock`;
  using listener = Deno.listen({ transport: "unix", path });
  const echoed = echoOnce(listener);
  await assertEchoes(await connect({ kind: "unix", path }, OPTIONS));
  await echoed;
});

async function freePort(): Promise<number> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return await Promise.resolve((listener.addr as Deno.NetAddr).port);
}

const FAILURES: Record<string, () => Promise<[Address | SampleAddress, FailureKind]>> = {
  "nobody listens": async () => [
    { kind: "tcp", hostname: "127.0.0.1", port: await freePort() },
    "upstream_refused",
  ],
  "the socket file is missing": () =>
    Promise.resolve([{ kind: "unix", path: "/nonexistent/app.sock" }, "upstream_refused"]),
  // RFC 6761 §6.4: never resolves.
  "the name does not exist": () =>
    Promise.resolve([{ kind: "tcp", hostname: "app.invalid", port: 80 }, "upstream_unresolved"]),
  "a sample that does not run": () => Promise.resolve([{ kind: "sample" }, "upstream_refused"]),
};

for (const [name, make] of Object.entries(FAILURES)) {
  Deno.test(`connect: fails in a machine's words when ${name}`, async () => {
    const [address, kind] = await make();
    const failure = await failureOf(address);
    assert.equal(failure.kind, kind, failure.message);
    assert.ok(failure.retryable);
  });
}

Deno.test("connect: says in words what could not be reached", async () => {
  const port = await freePort();
  const { message } = await failureOf({ kind: "tcp", hostname: "127.0.0.1", port });
  assert.match(message, new RegExp(`^Cannot connect to 127\\.0\\.0\\.1:${port}: .*refused`));
});

Deno.test("connect: gives up when the time is over and closes what still comes", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  const options = { clock: impatientClock, timeoutMs: 5_000 };
  const failure = await failureOf({ kind: "tcp", hostname: "127.0.0.1", port }, options);
  assert.equal(failure.kind, "upstream_connect_timeout");
  assert.match(failure.message, /no answer within 5000 ms/);
  // The kernel may have completed the handshake; then the other side must see the end of it.
  const accepted = listener.accept().then(async (connection) => {
    const count = await connection.read(new Uint8Array(1)).catch(() => null);
    connection.close();
    return count;
  }, () => null);
  const settled = new Promise<null>((resolve) => systemClock.after(200, () => resolve(null)));
  assert.equal(await Promise.race([accepted, settled]), null);
  listener.close();
  await accepted;
});

Deno.test("connect: can be called off, before and while", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  const address: Address = { kind: "tcp", hostname: "127.0.0.1", port };
  const before = await failureOf(address, { ...OPTIONS, signal: AbortSignal.abort() });
  assert.equal(before.kind, "client_gone");
  const abort = new AbortController();
  const during = failureOf(address, { ...OPTIONS, signal: abort.signal });
  abort.abort();
  assert.equal((await withDeadline(during, 20_000, () => "the end")).kind, "client_gone");
});

Deno.test("connect: says that descriptors ran out, which is our own fault", async () => {
  const url = new URL("../../lib/", import.meta.url).href;
  const program = `
    const { connect } = await import("${url}upstream/connect.ts");
    const { systemClock } = await import("${url}base/clock.ts");
    const address = { kind: "tcp", hostname: "127.0.0.1", port: 9 };
    const options = { clock: systemClock, timeoutMs: 5000 };
    await connect(address, options).catch(() => {});
    const files = [];
    try { for (;;) files.push(Deno.openSync("/dev/null")); } catch {}
    const failure = await connect(address, options).catch((error) => error);
    for (const file of files) file.close();
    console.log(failure.kind);`;
  const { stdout, stderr } = await new Deno.Command("sh", {
    args: ["-c", 'ulimit -n 128; exec "$0" eval "$1"', Deno.execPath(), program],
  }).output();
  const text = new TextDecoder();
  assert.equal(text.decode(stdout).trim(), "exhausted", text.decode(stderr));
});
