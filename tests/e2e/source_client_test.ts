import { match, rejects, strictEqual } from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { makeCertificate } from "../support/certificates.ts";
import { type ConfiguredServer, startConfiguredServer } from "../support/configured_server.ts";
import { findInstalled, requireInstalled } from "../support/installed.ts";
import { type CommandOutcome, NetworkNamespace } from "../support/network_namespace.ts";
import { type Postern, startPostern } from "../support/postern.ts";
import { makeTempFolder } from "../support/temp_folder.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

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

/** How a client asks. */
interface AskOptions {
  /** Its own port. By default the kernel chooses. */
  readonly port?: number;
  /** By default the client's machine. */
  readonly from?: NetworkNamespace;
}

/** A client's machine, Postern's and a server's, in a row; the server's default route is Postern's. */
class Place implements AsyncDisposable {
  readonly edge: NetworkNamespace;
  readonly postern: Postern;
  readonly #client: NetworkNamespace;
  readonly #server: ConfiguredServer;
  /** Tells the lines of the server's log apart. */
  #requests = 0;
  readonly #stack: AsyncDisposableStack;

  private constructor(
    stack: AsyncDisposableStack,
    { edge, client, postern, server }: {
      readonly edge: NetworkNamespace;
      readonly client: NetworkNamespace;
      readonly postern: Postern;
      readonly server: ConfiguredServer;
    },
  ) {
    this.#stack = stack;
    this.edge = edge;
    this.#client = client;
    this.postern = postern;
    this.#server = server;
  }

  static async open(): Promise<Place> {
    await using stack = new AsyncDisposableStack();
    const client = stack.use(await NetworkNamespace.open());
    const edge = stack.use(await NetworkNamespace.open());
    const lan = stack.use(await NetworkNamespace.open());
    await NetworkNamespace.connect("wan", client, edge);
    await NetworkNamespace.connect("lan", edge, lan);
    await client.ip(`address add ${CLIENT_IPS[4]}/24 dev wan`);
    await client.ip(`address add ${CLIENT_IPS[6]}/64 dev wan nodad`);
    await edge.ip(`address add ${EDGE[4]}/24 dev wan`);
    await edge.ip(`address add ${EDGE[6]}/64 dev wan nodad`);
    await edge.ip(`address add ${LAN[4]}/24 dev lan`);
    await edge.ip(`address add ${LAN[6]}/64 dev lan nodad`);
    await lan.ip(`address add ${SERVERS[4]}/24 dev lan`);
    await lan.ip(`address add ${SERVERS[6]}/64 dev lan nodad`);
    await lan.ip(`route add default via ${LAN[4]}`);
    await lan.ip(`-6 route add default via ${LAN[6]}`);
    const server = stack.use(await startServer(lan));
    await applyRecipe(edge);
    const postern = stack.use(await startPostern(CONFIG, { startedBy: edge.inside([]) }));
    return new Place(stack.move(), { edge, client, postern, server });
  }

  /**
   * Asks for a page by IPv4 or IPv6.
   *
   * @returns The address and port that stand in the server's access log.
   */
  async ask(serverName: string, version: "4" | "6", options: AskOptions = {}): Promise<string> {
    const path = `/${++this.#requests}`;
    const { out, err } = await this.#curl(`https://${serverName}:8443${path}`, version, options);
    strictEqual(`${err}${out}`, "served");
    const [, peer] = await this.#server.waitForAccess(
      new RegExp(`peer=(\\S+ \\d+) name=${serverName} path=${path}$`),
    );
    return peer;
  }

  /** Asks for a page that is refused. @returns How the client says it. */
  async refusal(serverName: string, version: "4" | "6"): Promise<string> {
    const { success, err } = await this.#curl(`https://${serverName}:8443/`, version, {});
    strictEqual(success, false);
    return err;
  }

  async #curl(
    url: string,
    version: "4" | "6",
    { port, from = this.#client }: AskOptions,
  ): Promise<CommandOutcome> {
    const { hostname } = new URL(url);
    const address = version === "4" ? EDGE[4] : `[${EDGE[6]}]`;
    return await from.run([
      "curl",
      ...["--silent", "--show-error", "--insecure", "--max-time", "10"],
      ...["--resolve", `${hostname}:8443:${address}`],
      ...(port === undefined ? [] : ["--local-port", String(port)]),
      url,
    ]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

/** nginx on both addresses, which logs whom it sees. */
async function startServer(namespace: NetworkNamespace): Promise<ConfiguredServer> {
  const { certPem, keyPem } = await makeCertificate({ names: ["*.example"] });
  const [program, ...before] = namespace.inside([requireInstalled("nginx")]);
  return await startConfiguredServer({
    program,
    // Those of the namespace, which nobody can reach from here.
    portCount: 0,
    files: ({ folder }) => ({
      "nginx.conf": nginxConfig(folder),
      "cert.pem": certPem,
      "key.pem": keyPem,
    }),
    args: ({ folder }) => [...before, "-p", folder, "-e", "stderr", "-c", `${folder}/nginx.conf`],
    readyLine: /start worker process/,
  });
}

function nginxConfig(folder: string): string {
  return `
user root;
daemon off;
worker_processes 1;
pid ${folder}/nginx.pid;
error_log stderr notice;
events { worker_connections 64; }
http {
  client_body_temp_path ${folder}/body;
  log_format seen 'access peer=$remote_addr $remote_port name=$ssl_server_name path=$uri';
  access_log /dev/stdout seen;
  ssl_certificate ${folder}/cert.pem;
  ssl_certificate_key ${folder}/key.pem;
  server {
    listen ${SERVERS[4]}:8443 ssl;
    listen [${SERVERS[6]}]:8443 ssl;
    return 200 "served";
  }
}
`;
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
  ["nginx", "curl", "nft"].filter((program) => findInstalled(program) === undefined)
    .map((program) => `${program} not installed`)[0];

Deno.test({
  name: `source: client, through network namespaces${
    whyNot === undefined ? "" : ` (skipped: ${whyNot})`
  }`,
  ignore: whyNot !== undefined,
  fn: async (t) => {
    await using place = await Place.open();
    for (const version of ["4", "6"] as const) {
      await t.step(`nginx logs an IPv${version} client's own address and port`, async () => {
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
      match(await place.refusal("v4.example", "6"), /alert internal error/);
      match(await place.refusal("v6.example", "4"), /alert internal error/);
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
