import { match, rejects, strictEqual } from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { buildClientHello } from "../support/client_hello_builder.ts";
import { findInstalled } from "../support/installed.ts";
import { NetworkNamespace } from "../support/network_namespace.ts";
import { type Postern, startPostern } from "../support/postern.ts";
import { startProcess, type TestProcess } from "../support/process.ts";
import { makeTempFolder } from "../support/temp_folder.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** Tells each client, after its first bytes, which address and port it sees. */
const SERVER = `
import socket, sys
server = socket.create_server((sys.argv[1], 8443), family=socket.AF_INET6 if ':' in sys.argv[1] else socket.AF_INET)
print('listening', flush=True)
while True:
    connection, peer = server.accept()
    connection.recv(10000)
    connection.sendall(('%s %d' % peer[:2]).encode())
    connection.close()
`;

/** Sends a hello from a port of its own and prints what comes back, in hex. */
const CLIENT = `
import socket, sys
connection = socket.create_connection((sys.argv[1], 8443), 5, ('', int(sys.argv[2])))
connection.sendall(bytes.fromhex(sys.argv[3]))
print(connection.recv(100).hex())
`;

/** Addresses from documentation ranges (RFC 5737, RFC 3849). */
const EDGE = { "4": "198.51.100.1", "6": "2001:db8:b::1" } as const;
const LAN = { "4": "192.0.2.1", "6": "2001:db8:a::1" } as const;
const CLIENT_IPS = { "4": "198.51.100.7", "6": "2001:db8:b::7" } as const;
const SERVERS = { "4": "192.0.2.2", "6": "2001:db8:a::2" } as const;

const CONFIG = `version: 1
listen: { https: ":8443", http: ":8080" }
defaults: { source: client }
relay: { workers: 1 }
routes:
  - { hosts: [v4.example], mode: passthrough, upstream: "192.0.2.2:8443", http: off }
  - { hosts: [v6.example], mode: passthrough, upstream: "[2001:db8:a::2]:8443", http: off }
  - hosts: [both.example]
    mode: passthrough
    upstreams: ["192.0.2.2:8443", "[2001:db8:a::2]:8443"]
    http: off
  - hosts: [fallback.example]
    mode: passthrough
    upstream: 192.0.2.2:8443
    http: off
    source_fallback: proxy
`;

/** A client's machine, Postern's and a server's, in a row; the server's default route is Postern's. */
class Place implements AsyncDisposable {
  readonly edge: NetworkNamespace;
  readonly postern: Postern;
  readonly #client: NetworkNamespace;
  readonly #stack: AsyncDisposableStack;

  private constructor(
    stack: AsyncDisposableStack,
    { edge, client, postern }: {
      readonly edge: NetworkNamespace;
      readonly client: NetworkNamespace;
      readonly postern: Postern;
    },
  ) {
    this.#stack = stack;
    this.edge = edge;
    this.#client = client;
    this.postern = postern;
  }

  static async open(): Promise<Place> {
    await using stack = new AsyncDisposableStack();
    const client = stack.use(await NetworkNamespace.open());
    const edge = stack.use(await NetworkNamespace.open());
    const server = stack.use(await NetworkNamespace.open());
    await NetworkNamespace.connect("wan", client, edge);
    await NetworkNamespace.connect("lan", edge, server);
    await client.ip(`address add ${CLIENT_IPS[4]}/24 dev wan`);
    await client.ip(`address add ${CLIENT_IPS[6]}/64 dev wan nodad`);
    await edge.ip(`address add ${EDGE[4]}/24 dev wan`);
    await edge.ip(`address add ${EDGE[6]}/64 dev wan nodad`);
    await edge.ip(`address add ${LAN[4]}/24 dev lan`);
    await edge.ip(`address add ${LAN[6]}/64 dev lan nodad`);
    await server.ip(`address add ${SERVERS[4]}/24 dev lan`);
    await server.ip(`address add ${SERVERS[6]}/64 dev lan nodad`);
    await server.ip(`route add default via ${LAN[4]}`);
    await server.ip(`-6 route add default via ${LAN[6]}`);
    for (const address of Object.values(SERVERS)) stack.use(await startServer(server, address));
    await applyRecipe(edge);
    const postern = stack.use(await startPostern(CONFIG, { startedBy: edge.inside([]) }));
    return new Place(stack.move(), { edge, client, postern });
  }

  /** Connects to Postern by IPv4 or IPv6. @returns What was answered, as Latin-1. */
  async ask(
    serverName: string,
    version: "4" | "6",
    options: { readonly port?: number; readonly from?: NetworkNamespace } = {},
  ): Promise<string> {
    const { port = 0, from = this.#client } = options;
    const hello = buildClientHello({ serverName }).toHex();
    const args = ["-c", CLIENT, EDGE[version], String(port), hello];
    const { out, err } = await from.run(["python3", ...args]);
    strictEqual(err, "");
    return String.fromCharCode(...Uint8Array.fromHex(out.trim()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

async function startServer(namespace: NetworkNamespace, address: string): Promise<TestProcess> {
  const [program, ...args] = namespace.inside(["python3", "-c", SERVER, address]);
  return await startProcess(program, args, { readyLine: /listening/ });
}

/** By the verb, with the permissions of its task. */
async function applyRecipe(edge: NetworkNamespace): Promise<void> {
  using folder = makeTempFolder("postern-recipe-");
  const config = folder.write("routes.yaml", CONFIG);
  const words = ["task", "--quiet", "--cwd", ROOT, "postern-transparent", "--apply", "-c", config];
  const { success, err } = await edge.run([Deno.execPath(), ...words]);
  strictEqual(success, true, err);
}

const whyNot = await NetworkNamespace.whyNot() ??
  ["python3", "nft"].filter((program) => findInstalled(program) === undefined)
    .map((program) => `${program} not installed`)[0];

/** Alert record of TLS 1.2, fatal, internal_error (RFC 8446 §6). */
const ALERT = "\x15\x03\x03\x00\x02\x02\x50";

Deno.test({
  name: `source: client, through network namespaces${
    whyNot === undefined ? "" : ` (skipped: ${whyNot})`
  }`,
  ignore: whyNot !== undefined,
  fn: async (t) => {
    await using place = await Place.open();
    for (const version of ["4", "6"] as const) {
      await t.step(`the server sees an IPv${version} client's own address and port`, async () => {
        const port = 40_000 + Number(version);
        const seen = await place.ask(`v${version}.example`, version, { port });
        strictEqual(seen, `${CLIENT_IPS[version]} ${port}`);
      });
      await t.step(`of two servers the IPv${version} one is taken, in each turn`, async () => {
        for (const number of [1, 2, 3]) {
          const port = 40_000 + 10 * Number(version) + number; // None is used twice: TIME_WAIT.
          const seen = await place.ask("both.example", version, { port });
          strictEqual(seen, `${CLIENT_IPS[version]} ${port}`);
        }
      });
      await t.step(`a port that is in use here is replaced, IPv${version}`, async () => {
        // Postern listens on it, with every address.
        const own = version === "4" ? 8_443 : 8_080;
        const seen = await place.ask(`v${version}.example`, version, { port: own });
        const [ip, port] = seen.split(" ");
        strictEqual(ip, CLIENT_IPS[version]);
        match(port, /^(?!8443$|8080$)\d+$/);
      });
      await t.step(`a client on Postern's machine goes plain, IPv${version}`, async () => {
        const seen = await place.ask(`v${version}.example`, version, { from: place.edge });
        strictEqual(seen.split(" ")[0], LAN[version]);
      });
    }
    await t.step("a server of the other family is refused with an alert", async () => {
      strictEqual(await place.ask("v4.example", "6"), ALERT);
      strictEqual(await place.ask("v6.example", "4"), ALERT);
    });
    await t.step("but not with source_fallback: it sees Postern", async () => {
      strictEqual((await place.ask("fallback.example", "6")).split(" ")[0], LAN[4]);
    });
    await t.step("each case is counted, and a mismatch is logged", async () => {
      await place.postern.waitForLog(/Cannot reach server .*kind=source_mismatch/);
      strictEqual(await place.postern.stop(), 0);
      const [counts] = await place.postern.waitForLog(/stopped .*/);
      match(counts, /source_client=8 source_any_port=2 source_local=2 source_fallback=1 /);
      match(counts, /source_mismatch=2 /);
    });
  },
});

const setpriv = findInstalled("setpriv");

Deno.test({
  name: `source: client without CAP_NET_ADMIN is an error at the start${
    setpriv === undefined ? " (skipped: setpriv not installed)" : ""
  }`,
  ignore: setpriv === undefined || Deno.build.os !== "linux",
  fn: async () => {
    const caps = "-net_admin,-net_raw";
    const startedBy = Deno.uid() === 0
      ? ["setpriv", `--bounding-set=${caps}`, `--inh-caps=${caps}`]
      : [];
    const config = CONFIG.replace(/":8\d+"/g, '"127.0.0.1:0"');
    await rejects(startPostern(config, { startedBy }), /source: client.*CAP_NET_ADMIN/);
    // Without such a route the same process starts.
    await using postern = await startPostern(
      config.replace("client", "proxy").replace(/ +source_f.*/, ""),
      {
        startedBy,
      },
    );
    strictEqual(await postern.stop(), 0);
  },
});

Deno.test("source: client without FFI is an error at the start", async () => {
  const config = CONFIG.replace(/":8\d+"/g, '"127.0.0.1:0"');
  const permissions = [
    "--allow-net",
    "--allow-read",
    "--allow-write",
    "--allow-env",
    "--allow-sys",
  ];
  await rejects(startPostern(config, { permissions }), /source: client.*portable engine cannot/);
});
