import { ok, strictEqual } from "node:assert/strict";
import { fileURLToPath } from "node:url";
import {
  type Behaviour,
  BEHAVIOURS,
  helloFor,
  serverNameOf,
} from "../../../../scripts/bench/load/stream_protocol.ts";
import { startProcess } from "../../../support/process.ts";

const LOAD_FOLDER = fileURLToPath(new URL("../../../../scripts/bench/load/", import.meta.url));
const RUN = ["run", "--quiet", "--no-prompt", "--allow-net=127.0.0.1"];

const TABLE_HOSTS = 10;

async function startBackend() {
  const backend = await startProcess(Deno.execPath(), [...RUN, `${LOAD_FOLDER}stream_backend.ts`], {
    readyLine: /^ready /,
  });
  const ports: Record<Behaviour, number> = JSON.parse(backend.stdout[0].slice("ready ".length));
  return { backend, ports };
}

function startClient(load: string, port: number, amount: number, readyLine?: RegExp) {
  const numbers = [port, amount, TABLE_HOSTS].map(String);
  const args = [...RUN, `${LOAD_FOLDER}stream_client.ts`, load, ...numbers];
  return startProcess(Deno.execPath(), args, { readyLine });
}

/** A proxy for tests: each hello goes to the backend that it names. */
function relayByHello(
  ports: Readonly<Record<Behaviour, number>>,
  names = new Set<string>(),
): Deno.TcpListener {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  void (async () => {
    for await (const client of listener) void relay(client, ports, names);
  })();
  return listener;
}

/** A name that is no behaviour's is one of the table's, which lead to `echo`. */
async function relay(
  client: Deno.Conn,
  ports: Readonly<Record<Behaviour, number>>,
  names: Set<string>,
): Promise<void> {
  const hello = new Uint8Array(helloFor("echo").length);
  const count = await client.read(hello);
  const text = new TextDecoder("latin1").decode(hello.subarray(0, count ?? 0));
  const [name] = /[a-z0-9-]+(?:\.table)?\.bench\.test/.exec(text)!;
  names.add(name);
  const behaviour = BEHAVIOURS.find((each) => name === serverNameOf(each)) ?? "echo";
  const server = await Deno.connect({ hostname: "127.0.0.1", port: ports[behaviour] });
  await server.write(hello.subarray(0, count ?? 0));
  await Promise.allSettled([
    client.readable.pipeTo(server.writable),
    server.readable.pipeTo(client.writable),
  ]);
}

for (
  const [load, amount] of [["connections", 50], ["round-trips", 200], [
    "bytes",
    8 * 2 ** 20,
  ]] as const
) {
  Deno.test(`stream_client: ${load} ends well when every byte comes as it should`, async () => {
    const { backend, ports } = await startBackend();
    await using _backend = backend;
    using proxy = relayByHello(ports);
    await using client = await startClient(load, proxy.addr.port, amount);
    const status = await client.exited;
    strictEqual(status.code, 0, client.describe());
  });
}

Deno.test("stream_client: table-connections asks for every name of the table", async () => {
  const { backend, ports } = await startBackend();
  await using _backend = backend;
  const names = new Set<string>();
  using proxy = relayByHello(ports, names);
  await using client = await startClient("table-connections", proxy.addr.port, 40);
  strictEqual((await client.exited).code, 0, client.describe());
  strictEqual(names.size, TABLE_HOSTS);
});

Deno.test("stream_client: watch prints its longest round trip", async () => {
  const { backend, ports } = await startBackend();
  await using _backend = backend;
  await using client = await startClient("watch", ports.echo, 0, /^watching$/);
  await client.waitForLine(/^longest \d+\.\d{3}$/);
});

Deno.test("stream_client: idle holds as many connections as it was told", async () => {
  const { backend, ports } = await startBackend();
  await using _backend = backend;
  await using _client = await startClient("idle", ports.echo, 40, /^holding$/);
  strictEqual(_client.status, undefined);
});

/** Servers that do not what they should. */
const BROKEN: readonly [name: string, load: string, serve: (client: Deno.Conn) => Promise<void>][] =
  [
    ["closes at once", "connections", () => Promise.resolve()],
    ["sends other bytes", "connections", async (client) => {
      await client.read(new Uint8Array(1024));
      await client.write(new Uint8Array([7, 7, 7, 8]));
    }],
    ["counts fewer bytes", "bytes", async (client) => {
      const buffer = new Uint8Array(65536);
      while (await client.read(buffer) === buffer.length);
      await client.write(new Uint8Array(8));
    }],
  ];

for (const [name, load, serve] of BROKEN) {
  Deno.test(`stream_client: a server that ${name} is an error`, async () => {
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    void (async () => {
      for await (const connection of listener) {
        await serve(connection).catch(() => {}); // The client breaks off when it has seen enough.
        connection.close();
      }
    })();
    await using client = await startClient(load, listener.addr.port, 4);
    const { code } = await client.exited;
    ok(code !== 0, client.describe());
  });
}
