import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import type { TcpAddress } from "../../lib/base/addresses.ts";
import { type Machine, transparent, type TransparentAction } from "../../lib/cli/transparent.ts";
import type { InterfaceAddress } from "../../lib/cli/transparent_recipe.ts";
import { recordTerminal } from "../cli/recorded_terminal.ts";
import { findInstalled } from "../support/installed.ts";
import { NetworkNamespace } from "../support/network_namespace.ts";
import { startProcess, type TestProcess } from "../support/process.ts";

/** Tells each client which address it sees, and ends. */
const SERVER = `
import socket, sys
server = socket.create_server((sys.argv[1], 8443), family=socket.AF_INET6 if ':' in sys.argv[1] else socket.AF_INET)
print('listening', flush=True)
while True:
    connection, peer = server.accept()
    connection.sendall(peer[0].encode())
    connection.close()
`;

/** Connects as the relay does: from the client's address and port (ip(7), IP_TRANSPARENT). */
const RELAY = `
import socket, sys
is_v6 = ':' in sys.argv[1]
connection = socket.socket(socket.AF_INET6 if is_v6 else socket.AF_INET)
connection.setsockopt(*((41, 75, 1) if is_v6 else (0, 19, 1)))
connection.bind((sys.argv[1], int(sys.argv[3])))
connection.settimeout(float(sys.argv[4]))
connection.connect((sys.argv[2], 8443))
print(connection.recv(100).decode())
`;

/** Addresses from documentation ranges (RFC 5737, RFC 3849). */
const CLIENT = { "4": "203.0.113.7", "6": "2001:db8:c::7" } as const;

const EDGE_INTERFACES: readonly InterfaceAddress[] = [
  { address: "127.0.0.1", netmask: "255.0.0.0" },
  { address: "192.0.2.1", netmask: "255.255.255.0" },
  { address: "2001:db8:a::1", netmask: "ffff:ffff:ffff:ffff::" },
];

/** Connecting takes a few packets within one machine; a second means that they went astray. */
const CONNECT_S = { hopeful: "20", hopeless: "0.3" };

/** Postern's machine and a server's, one cable between them, another one to the internet. */
class Machines implements AsyncDisposable {
  readonly edge: NetworkNamespace;
  readonly server: NetworkNamespace;
  readonly #stack: AsyncDisposableStack;
  #clientPort = 40_000;

  private constructor(
    stack: AsyncDisposableStack,
    { edge, server }: { edge: NetworkNamespace; server: NetworkNamespace },
  ) {
    this.#stack = stack;
    this.edge = edge;
    this.server = server;
  }

  static async open(): Promise<Machines> {
    await using stack = new AsyncDisposableStack();
    const edge = stack.use(await NetworkNamespace.open());
    const server = stack.use(await NetworkNamespace.open());
    const internet = stack.use(await NetworkNamespace.open());
    // As strict as a distribution sets it: packets from the way their source would be answered.
    for (const each of [edge, server]) {
      strictEqual(
        (await each.run(["sysctl", "-w", "net.ipv4.conf.all.rp_filter=1"])).success,
        true,
      );
    }
    await NetworkNamespace.connect("lan", edge, server);
    await edge.ip("address add 192.0.2.1/24 dev lan");
    await edge.ip("address add 2001:db8:a::1/64 dev lan nodad");
    await server.ip("address add 192.0.2.2/24 dev lan");
    await server.ip("address add 2001:db8:a::2/64 dev lan nodad");
    // A way out to clients. They do not answer: all that counts is who sees the packets.
    await NetworkNamespace.connect("wan", edge, internet);
    await edge.ip("address add 198.51.100.1/24 dev wan");
    await edge.ip("address add 2001:db8:b::1/64 dev wan nodad");
    await edge.ip("route add default via 198.51.100.254");
    await edge.ip("-6 route add default via 2001:db8:b::254");
    return new Machines(stack.move(), { edge, server });
  }

  /** @param gateway Last part of the address: 1 is Postern's machine. */
  async routeServerVia(gateway: number): Promise<void> {
    await this.server.ip(`route add default via 192.0.2.${gateway}`);
    await this.server.ip(`-6 route add default via 2001:db8:a::${gateway}`);
  }

  /** Runs the verb as if it ran on Postern's machine. */
  async transparent(
    action: TransparentAction,
    server: TcpAddress,
    missing: readonly string[] = [],
  ): Promise<{ code: number; out: string[]; err: string[] }> {
    const machine: Machine = {
      interfaces: () => EDGE_INTERFACES,
      resolve: () => Promise.reject(new Error("there are no names here")),
      run: async (argv) => {
        if (missing.includes(argv[0])) return { kind: "not_installed" };
        const { success, err } = await this.edge.run(argv);
        return success ? { kind: "done" } : { kind: "failed", text: err };
      },
    };
    const terminal = recordTerminal();
    const code = await transparent([server], { action, terminal, machine });
    return { code, out: terminal.results, err: terminal.remarks };
  }

  /** @returns What the server saw; undefined if the connection was not made. */
  async connect(address: string, timeoutS: string): Promise<string | undefined> {
    const client = CLIENT[address.includes(":") ? "6" : "4"];
    const port = String(this.#clientPort++); // The last connection may not be over yet.
    const args = ["-c", RELAY, client, address, port, timeoutS];
    const { out, err } = await this.edge.run(["python3", ...args]);
    if (out === "") match(err, /Timeout|timed out|Network is unreachable|Invalid argument/);
    return out === "" ? undefined : out.trim();
  }

  /** What is left of a recipe on Postern's machine. */
  async remains(): Promise<string[]> {
    const [rules, rules6] = [await this.edge.ip("-4 rule"), await this.edge.ip("-6 rule")];
    const marks = await this.edge.run(["nft", "list", "ruleset"]);
    const routes = await this.edge.ip("route show table all");
    const routes6 = await this.edge.ip("-6 route show table all");
    return [rules, rules6, marks.out, routes, routes6].flatMap((text) => text.split("\n"))
      .filter((line) => /28783|0x706f|706f/.test(line));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

async function startServer(namespace: NetworkNamespace, address: string): Promise<TestProcess> {
  const [program, ...args] = namespace.inside(["python3", "-c", SERVER, address]);
  return await startProcess(program, args, { readyLine: /listening/ });
}

const whyNot = await NetworkNamespace.whyNot() ??
  ["python3", "nft", "iptables"].filter((program) => findInstalled(program) === undefined)
    .map((program) => `${program} not installed`)[0];

function testRouting(name: string, fn: (machines: Machines) => Promise<void>): void {
  Deno.test({
    name: `transparent: ${name}${whyNot === undefined ? "" : ` (skipped: ${whyNot})`}`,
    ignore: whyNot !== undefined,
    fn: async () => {
      await using machines = await Machines.open();
      await fn(machines);
    },
  });
}

async function checkRecipe(
  machines: Machines,
  address: string,
  options: { readonly on: NetworkNamespace; readonly missing?: readonly string[] },
): Promise<void> {
  const server: TcpAddress = { kind: "tcp", hostname: address, port: 8443 };
  const client = CLIENT[address.includes(":") ? "6" : "4"];
  await using _process = await startServer(options.on, address);
  strictEqual(await machines.connect(address, CONNECT_S.hopeless), undefined, "before");
  for (const round of ["applied", "applied twice"]) {
    const applied = await machines.transparent("apply", server, options.missing);
    deepStrictEqual([applied.code, applied.err], [0, []]);
    strictEqual(await machines.connect(address, CONNECT_S.hopeful), client, round);
  }
  const removed = await machines.transparent("remove", server, options.missing);
  deepStrictEqual([removed.code, removed.err], [0, []]);
  strictEqual(await machines.connect(address, CONNECT_S.hopeless), undefined, "after");
  deepStrictEqual(await machines.remains(), []);
}

for (const address of ["192.0.2.2", "2001:db8:a::2"]) {
  for (const missing of [[], ["nft"]]) {
    const firewall = missing.length === 0 ? "nft" : "iptables";
    testRouting(`answers of ${address} come back, marked by ${firewall}`, async (machines) => {
      await machines.routeServerVia(1);
      await checkRecipe(machines, address, { on: machines.server, missing });
    });
  }
}

for (const address of ["127.0.0.1", "192.0.2.1", "::1", "2001:db8:a::1"]) {
  testRouting(`answers of ${address}, on Postern's machine, come back`, async (machines) => {
    await checkRecipe(machines, address, { on: machines.edge });
  });
}

for (const address of ["192.0.2.2", "2001:db8:a::2"]) {
  testRouting(`answers of ${address} come back past another default route`, async (machines) => {
    await machines.routeServerVia(99);
    await using _process = await startServer(machines.server, address);
    const server: TcpAddress = { kind: "tcp", hostname: address, port: 8443 };
    const { out } = await machines.transparent("apply", server);
    strictEqual(await machines.connect(address, CONNECT_S.hopeless), undefined);
    // What is printed for the server's administrator, as it stands.
    match(out[0], /^# On .*, as root/);
    for (const round of ["pasted", "pasted twice"]) {
      const pasted = await machines.server.run(["sh", "-ec", out.join("\n")]);
      strictEqual(pasted.success, true, pasted.err);
      const seen = await machines.connect(address, CONNECT_S.hopeful);
      strictEqual(seen, CLIENT[address.includes(":") ? "6" : "4"], round);
    }
  });
}

testRouting("what is printed can be pasted into a shell", async (machines) => {
  await machines.routeServerVia(1);
  const server: TcpAddress = { kind: "tcp", hostname: "192.0.2.2", port: 8443 };
  const { out } = await machines.transparent("print", server);
  const commands = out.slice(0, out.findIndex((line) => line.startsWith("# On 192.0.2.2")));
  const pasted = await machines.edge.run(["sh", "-ec", commands.join("\n")]);
  strictEqual(pasted.success, true, pasted.err);
  await using _process = await startServer(machines.server, "192.0.2.2");
  strictEqual(await machines.connect("192.0.2.2", CONNECT_S.hopeful), CLIENT["4"]);
});

testRouting("other connections to the same server pass as before", async (machines) => {
  await machines.routeServerVia(1);
  const server: TcpAddress = { kind: "tcp", hostname: "192.0.2.2", port: 8443 };
  await machines.transparent("apply", server);
  await using _process = await startServer(machines.server, "192.0.2.2");
  const plain = "import socket; print(socket.create_connection(('192.0.2.2', 8443), 5).recv(99))";
  const { out, err } = await machines.edge.run(["python3", "-c", plain]);
  strictEqual(out, "b'192.0.2.1'\n", err);
});
