/**
 * Shows, sets up or takes back the routing that `source: client` needs. Does I/O: resolves names, looks
 * at the interfaces of this machine, runs `ip` and `nft` or `iptables`.
 *
 * @module
 */
import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { type Endpoint, type TcpAddress, unmapIpv4 } from "../base/addresses.ts";
import { systemClock } from "../base/clock.ts";
import { errorText } from "../base/failures.ts";
import { NAME_LOOKUP_TIMEOUT_MS, RECIPE_COMMAND_TIMEOUT_MS } from "../base/limits.ts";
import { withTimeLimit } from "../base/time_limit.ts";
import type { Terminal } from "./terminal.ts";
import {
  edgeRecipe,
  type Firewall,
  formatRecipeCommand,
  type InterfaceAddress,
  placeServer,
  type RecipeCommand,
  removalRecipe,
  type ServerPlace,
  serverRecipe,
} from "./transparent_recipe.ts";

/** What becomes of the recipe. */
export type TransparentAction = "print" | "apply" | "remove";

/** How a command ended. */
export type CommandEnd =
  | { readonly kind: "done" }
  /** `text` is what it printed to standard error. */
  | { readonly kind: "failed"; readonly text: string }
  | { readonly kind: "not_installed" };

/** The machine whose routing is meant. */
export interface Machine {
  /** Returns the addresses of all interfaces. */
  interfaces(): readonly InterfaceAddress[];
  /** Returns the addresses of a name. @throws {Error} If there is none. */
  resolve(hostname: string): Promise<readonly string[]>;
  /** Runs a command to its end, with a limit. */
  run(argv: readonly string[]): Promise<CommandEnd>;
}

/** The machine we run on. */
export const thisMachine: Machine = {
  interfaces: () => Deno.networkInterfaces(),
  resolve: resolveName,
  run: runCommand,
};

/**
 * Prints the recipe for these servers, applies it, or removes it.
 *
 * @param servers Of the routes with `source: client`.
 * @param machine Default: this one.
 * @returns The exit code: 0, or 1 if something failed; what has to be known is printed then.
 */
export async function transparent(
  servers: readonly TcpAddress[],
  options: {
    readonly action: TransparentAction;
    readonly terminal: Terminal;
    readonly machine?: Machine;
  },
): Promise<number> {
  const { action, terminal, machine = thisMachine } = options;
  try {
    const firewall = await findFirewall(machine);
    if (action === "remove") return await runAll(removalRecipe(firewall), { terminal, machine });
    const places = await placeAll(servers, machine);
    if (places.length === 0) terminal.err("No route needs it: none has source: client");
    if (action === "apply" && places.length > 0) {
      const code = await runAll(edgeRecipe(places, firewall), { terminal, machine });
      if (code !== 0) return code;
    }
    for (const line of formatRecipe(places, { firewall, action })) terminal.out(line);
    return 0;
  } catch (error) {
    terminal.err(`postern: Cannot ${action} the routing recipe: ${errorText(error)}`);
    if (error instanceof Deno.errors.NotCapable) {
      terminal.err('  hint: "deno task postern-transparent" has the permissions for it');
    }
    return 1;
  }
}

/** Asks for its version whoever would have to set the marks; without permission nobody is asked. */
async function findFirewall(machine: Machine): Promise<Firewall> {
  const isMissing = async (program: Firewall) => {
    try {
      return (await machine.run([program, "--version"])).kind === "not_installed";
    } catch (error) {
      if (error instanceof Deno.errors.NotCapable) return false; // Printing works without.
      throw error;
    }
  };
  // Where both are missing the error names nft, which one would install today.
  return await isMissing("nft") && !await isMissing("iptables") ? "iptables" : "nft";
}

async function placeAll(servers: readonly TcpAddress[], machine: Machine): Promise<ServerPlace[]> {
  const interfaces = machine.interfaces();
  const places = new Map<string, ServerPlace>();
  for (const { hostname, port } of servers) {
    const ips = isIP(hostname) === 0 ? await machine.resolve(hostname) : [hostname];
    for (const ip of ips.map(unmapIpv4)) {
      places.set(`${ip} ${port}`, placeServer({ ip, port }, interfaces));
    }
  }
  return [...places.values()];
}

async function runAll(
  commands: readonly RecipeCommand[],
  { terminal, machine }: { readonly terminal: Terminal; readonly machine: Machine },
): Promise<number> {
  for (const command of commands) {
    const end = await machine.run(command.argv);
    if (end.kind === "done" || (end.kind === "failed" && command.mayFail)) continue;
    const reason = end.kind === "failed" ? end.text : `${command.argv[0]} is not installed`;
    terminal.err(`postern: Cannot run "${command.argv.join(" ")}": ${reason}`);
    terminal.err(
      '  hint: it takes root; "deno task postern-transparent --remove" takes back what was done',
    );
    return 1;
  }
  return 0;
}

function formatRecipe(
  places: readonly ServerPlace[],
  { firewall, action }: { readonly firewall: Firewall; readonly action: TransparentAction },
): string[] {
  const own = action === "apply" || places.length === 0
    ? []
    : ["# On this machine, as root:", ...edgeRecipe(places, firewall).map(formatRecipeCommand)];
  return [...own, ...neighboursOf(places).flatMap(formatNeighbour), ...formatBeyond(places)];
}

/** One machine with servers of ours. */
interface Neighbour {
  readonly ip: string;
  readonly via: string;
  readonly ports: number[];
}

function neighboursOf(places: readonly ServerPlace[]): Neighbour[] {
  const neighbours = new Map<string, Neighbour>();
  for (const place of places) {
    if (place.kind !== "neighbour") continue;
    const { server: { ip, port }, via } = place;
    const known = neighbours.get(ip);
    if (known === undefined) neighbours.set(ip, { ip, via, ports: [port] });
    else known.ports.push(port);
  }
  return [...neighbours.values()];
}

function formatNeighbour({ ip, ports, via }: Neighbour): string[] {
  return [
    `# On ${ip}, as root, unless its default route is ${via} and no client is in its own network:`,
    ...serverRecipe(ip, ports, via).map(formatRecipeCommand),
  ];
}

function formatBeyond(places: readonly ServerPlace[]): string[] {
  return places.filter(({ kind }) => kind === "beyond").map(({ server }: { server: Endpoint }) =>
    `# ${server.ip} is in no network of this machine: every router between must send its answers here.`
  );
}

async function resolveName(hostname: string): Promise<string[]> {
  const found = await withTimeLimit(lookup(hostname, { all: true }), {
    clock: systemClock,
    timeoutMs: NAME_LOOKUP_TIMEOUT_MS,
    discard: () => {}, // Addresses as text: nothing to give back.
  });
  return found.map(({ address }) => address);
}

async function runCommand([program, ...args]: readonly string[]): Promise<CommandEnd> {
  try {
    const { success, stderr } = await new Deno.Command(program, {
      args,
      stdin: "null",
      stdout: "null",
      signal: AbortSignal.timeout(RECIPE_COMMAND_TIMEOUT_MS),
    }).output();
    if (success) return { kind: "done" };
    return { kind: "failed", text: new TextDecoder().decode(stderr).trim() };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return { kind: "not_installed" };
    throw error;
  }
}
