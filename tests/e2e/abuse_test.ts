import { ok, strictEqual } from "node:assert/strict";
import { buildClientHello } from "../support/client_hello_builder.ts";
import { countDescriptors, residentMib, untilDescriptors } from "../support/process_usage.ts";
import { curl } from "../support/curl.ts";
import { internalCaFile, offloadTo, passTo, startWithRoutes } from "../support/routes.ts";
import { openTcp, openTls, type RawClient } from "../support/raw_client.ts";
import type { TcpAddress } from "../../lib/base/addresses.ts";
import type { Postern } from "../support/postern.ts";
import { Random } from "../support/random.ts";
import { startHeadUpstream } from "../support/head_upstream.ts";
import { testWithPrograms } from "../support/installed.ts";

const SEED = 20_261_121;
const HELLO = buildClientHello({ serverName: "a.test" });
const HALF_HELLO = HELLO.subarray(0, HELLO.length / 2);

/** Time limits of Postern, in milliseconds. */
interface Limits {
  readonly helloMs: number;
  readonly headerMs: number;
}

/** So that tests do not wait for long; but a client of a busy machine gets through its handshake. */
const SHORT: Limits = { helloMs: 1_000, headerMs: 2_000 };

/**
 * Time enough to use up all descriptors. It ends hops that nobody can accept meanwhile, whose clients
 * have ended: they are among what uses them up.
 */
const MEDIUM: Limits = { helloMs: 5_000, headerMs: 5_000 };

/** Longer than any test waits. */
const LONG: Limits = { helloMs: 60_000, headerMs: 60_000 };

/** How much later than its limit a connection may end on a busy machine: the defaults are 5 s and 10 s. */
const LATE_MS = 3_500;

/** Descriptors that the runtime may open for itself meanwhile. */
const SPARE_DESCRIPTORS = 8;

/** What 2,000 connections, 200 at a time, may leave behind in memory. */
const GROWTH_MAX_MIB = 120;

async function startFor(
  port: number,
  options: { readonly limits?: Limits; readonly openFilesMax?: number } = {},
): Promise<Postern> {
  const { limits = SHORT, openFilesMax } = options;
  const timeouts = { hello: `${limits.helloMs}ms`, header: `${limits.headerMs}ms` };
  return await startWithRoutes([
    offloadTo("a.test", `http://127.0.0.1:${port}`),
    passTo("pass.test", `127.0.0.1:${port}`),
    // Each worker has descriptors of its own: with more of them fewer are left to use up.
  ], { top: { defaults: { timeouts }, relay: { workers: 1 } }, openFilesMax });
}

async function startForHellos({ helloMs }: Limits): Promise<Postern> {
  const timeouts = { hello: `${helloMs}ms` };
  return await startWithRoutes([passTo("*", "127.0.0.1:1")], { top: { defaults: { timeouts } } });
}

async function isServed(postern: Postern): Promise<boolean> {
  const caFile = internalCaFile(postern);
  const seen = await curl("https://a.test/", { to: postern.https[0], caFile });
  return seen.status === 200;
}

async function isRedirected(postern: Postern): Promise<boolean> {
  return (await curl("http://a.test/", { to: postern.http[0] })).status === 308;
}

/** What is sent to the TLS port, by how the connection ends. */
const BAD_STARTS: Readonly<
  Record<"at once" | "in time", readonly (readonly [what: string, bytes: Uint8Array | string])[]>
> = {
  "in time": [
    ["nothing", ""],
    ["half a hello", HALF_HELLO],
    ["a record's head only", "\x16\x03\x01\x40\x00"],
  ],
  "at once": [
    ["a hello longer than any", buildClientHello({ serverName: "a.test", padTo: 65_535 })],
    ["plain HTTP", "GET / HTTP/1.1\r\nHost: a.test\r\n\r\n"],
    ["SSH", "SSH-2.0-OpenSSH_9.2\r\n"],
    ["random bytes", new Random(SEED).bytes(4_000)],
    ["zeros", new Uint8Array(4_000)],
  ],
};

Deno.test("abuse: what is no hello ends at once", async (context) => {
  await using postern = await startForHellos(LONG);
  for (const [what, bytes] of BAD_STARTS["at once"]) {
    await context.step(what, async () => {
      using client = await openTcp(postern.https[0]);
      await client.write(bytes);
      await client.readToEnd(LONG.helloMs / 2);
    });
  }
});

Deno.test("abuse: a hello that does not come ends with the time limit", async (context) => {
  await using postern = await startForHellos(SHORT);
  for (const [what, bytes] of BAD_STARTS["in time"]) {
    await context.step(what, async () => {
      const startedAt = performance.now();
      using client = await openTcp(postern.https[0]);
      await client.write(bytes);
      await client.readToEnd();
      checkEndedInTime(startedAt, SHORT.helloMs);
    });
  }
});

Deno.test("abuse: a hello that drips for ever ends with the time limit", async () => {
  await using postern = await startForHellos(SHORT);
  const startedAt = performance.now();
  using client = await openTcp(postern.https[0]);
  const dripping = drip(client, buildClientHello({ serverName: "a.test", padTo: 8_000 }), 20);
  await client.readToEnd();
  checkEndedInTime(startedAt, SHORT.helloMs);
  await dripping;
});

/** @param startedAt Before the connection was opened, whose limit cannot be over earlier then. */
function checkEndedInTime(startedAt: number, limitMs: number): void {
  const afterMs = performance.now() - startedAt;
  ok(afterMs >= limitMs * 0.8 && afterMs <= limitMs + LATE_MS, `${afterMs} ms`);
}

testWithPrograms(["curl"], "abuse: 500 halves of hellos at once, others are served", async () => {
  await using upstream = startHeadUpstream();
  await using postern = await startFor(upstream.address.port);
  const clients = await openMany(postern.https[0], { count: 500, bytes: HALF_HELLO });
  strictEqual(await isServed(postern), true);
  await Promise.all(clients.map((client) => client.readToEnd()));
  clients.forEach((client) => client[Symbol.dispose]());
  strictEqual(await isServed(postern), true);
});

/** Ways to keep a connection of the offload plane for oneself without a request. */
const SLOW_HEADS: readonly {
  readonly what: string;
  readonly text: string;
  readonly alpn?: readonly string[];
}[] = [
  { what: "nothing by a client of HTTP/2", text: "", alpn: ["h2"] },
  { what: "nothing after the handshake", text: "" },
  { what: "half a head", text: "GET / HTTP/1.1\r\nHost: a.test\r\nX-" },
  { what: "a head that drips", text: `GET / HTTP/1.1\r\nX: ${"x".repeat(4_000)}` },
];

Deno.test("abuse: a request head that does not come ends with the time limit", async (context) => {
  await using upstream = startHeadUpstream();
  await using postern = await startFor(upstream.address.port);
  const caPem = Deno.readTextFileSync(internalCaFile(postern));
  for (const { what, text, alpn } of SLOW_HEADS) {
    await context.step(what, async () => {
      const startedAt = performance.now();
      using client = await openTls(postern.https[0], { serverName: "a.test", caPem, alpn });
      const bytes = new TextEncoder().encode(text);
      const dripping = what.endsWith("drips") ? drip(client, bytes, 50) : client.write(bytes);
      await client.readToEnd();
      checkEndedInTime(startedAt, SHORT.headerMs);
      await dripping;
    });
  }
  strictEqual(upstream.accepted, 0);
});

/** What each of 2,000 connections does, in turn. */
const ABUSES: readonly ((client: RawClient, random: Random) => Promise<void>)[] = [
  () => Promise.resolve(),
  (client) => client.write(HALF_HELLO),
  (client, random) => client.write(random.bytes(1 + random.below(2_000))),
  (client) => client.write(buildClientHello({ serverName: "unknown.test" })),
  // A whole hello, and then nothing more of the handshake.
  (client) => client.write(HELLO),
  (client) => client.write("GET / HTTP/1.1\r\n\r\n"),
];

testWithPrograms(
  ["curl", "ls", "ps"],
  `abuse: 2,000 bad connections leave no descriptor and little memory behind (seed ${SEED})`,
  async () => {
    await using upstream = startHeadUpstream();
    await using postern = await startFor(upstream.address.port);
    const { pid } = postern.process;
    // Opens what is opened on first use.
    strictEqual(await isServed(postern), true);
    const before = { descriptors: await countDescriptors(pid), mib: await residentMib(pid) };
    const random = new Random(SEED);
    for (let batch = 0; batch < 10; batch++) await abuse(postern, random, 200);
    await untilDescriptors(pid, before.descriptors + SPARE_DESCRIPTORS);
    const mib = await residentMib(pid);
    ok(mib < before.mib + GROWTH_MAX_MIB, `${before.mib} MiB before, ${mib} MiB after`);
    strictEqual(await isServed(postern), true);
  },
);

/** Connections that use up descriptors: in the relay only, or also behind each of its hops. */
const HOARDS: readonly {
  readonly what: string;
  readonly port: "https" | "http";
  readonly bytes: Uint8Array | string;
}[] = [
  { what: "halves of hellos", port: "https", bytes: HALF_HELLO },
  { what: "hellos for an offload host", port: "https", bytes: HELLO },
  { what: "halves of heads on port 80", port: "http", bytes: "GET / HTTP/1.1\r\n" },
];

for (const { what, port, bytes } of HOARDS) {
  testWithPrograms(
    ["curl", "ls"],
    `abuse: when ${what} use up all descriptors it stays up, and serves again after that`,
    async () => {
      await using upstream = startHeadUpstream();
      const options = { limits: MEDIUM, openFilesMax: 256 };
      await using postern = await startFor(upstream.address.port, options);
      const { pid } = postern.process;
      strictEqual(await isServed(postern), true);
      const before = await countDescriptors(pid);
      const clients = await openMany(postern[port][0], { count: 400, bytes });
      await postern.waitForLog(/Cannot accept/);
      for (const client of clients) client[Symbol.dispose]();
      await untilDescriptors(pid, before + SPARE_DESCRIPTORS);
      strictEqual(postern.process.status, undefined);
      // A listener that failed may be opened again a moment later.
      await until(() => isServed(postern));
      await until(() => isRedirected(postern));
    },
  );
}

Deno.test("abuse: control characters of strangers do not reach the log", async () => {
  await using postern = await startWithRoutes([passTo("a.test", "127.0.0.1:1")]);
  using client = await openTcp(postern.https[0]);
  await client.write(buildClientHello({ serverName: "x\n2026 error forged\x1b[31m.test" }));
  await client.readToEnd();
  await postern.waitForLog(/end=refused/);
  strictEqual(
    postern.log.some((line) => line.startsWith("2026 error") || line.includes("\x1b")),
    false,
  );
});

/** Opens connections that say the same and no more; returns when all are open. */
async function openMany(
  to: TcpAddress,
  options: { count: number; bytes: Uint8Array | string },
): Promise<RawClient[]> {
  return await Promise.all(Array.from({ length: options.count }, async () => {
    const client = await openTcp(to);
    await client.write(options.bytes);
    return client;
  }));
}

/** Plays every abuse and leaves; half of them wait until Postern has had enough. */
async function abuse(postern: Postern, random: Random, count: number): Promise<void> {
  await Promise.all(Array.from({ length: count }, async (_, index) => {
    using client = await openTcp(postern.https[0]);
    try {
      await ABUSES[index % ABUSES.length](client, random);
    } catch {
      // It was refused before it had said everything.
    }
    // A whole hello is left to `timeouts.header`; who waits for that waits long.
    if (index % 10 === 0) await client.readToEnd();
  }));
}

/** Asks again and again, for a minute at most: whoever comes too early may wait for a time limit. */
async function until(isTrue: () => Promise<boolean>): Promise<void> {
  const endsAt = performance.now() + 60_000;
  while (!await isTrue()) {
    if (performance.now() > endsAt) throw new Error(`Not within 60 s: ${isTrue}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

/** Writes byte by byte until all is written or the other side has had enough. */
async function drip(client: RawClient, bytes: Uint8Array, everyMs: number): Promise<void> {
  try {
    for (let at = 0; at < bytes.length; at++) {
      await client.write(bytes.subarray(at, at + 1));
      await new Promise((resolve) => setTimeout(resolve, everyMs));
    }
  } catch {
    // That is what the test waits for.
  }
}
