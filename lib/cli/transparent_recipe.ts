/**
 * The routing recipe for `source: client`: with it, what a server answers to a client's own address
 * comes back to Postern instead of going to the client. Pure.
 *
 * Which commands are needed depends on where a server stands:
 * - On another machine, its answers come in from the network. Those for one of Postern's transparent
 *   sockets are marked, and what is marked is routed to this machine itself. All other traffic of that
 *   machine passes as before. Its answers must come this way in the first place: either Postern's
 *   machine is its default route, or it is told so by commands of its own.
 * - On this machine, its answers are made here, and a mark would come too late: the kernel looks for
 *   a route before it makes the first packet, and refuses one that leads from 127.0.0.1 to the
 *   network. So a rule chooses the route by address and port.
 *
 * @module
 */
import { type Endpoint, formatIp, isLoopback, parseIp } from "../base/addresses.ts";

/**
 * Mark, routing table and priority of the rules in one number ("po" in ASCII), so that everything of
 * ours is recognized and removed by it. As a priority it stands before the main table's 32766.
 */
export const TRANSPARENT_NUMBER = 0x706f;

/** Where a server stands, seen from here. */
export type ServerPlace =
  | { readonly kind: "here"; readonly server: Endpoint }
  /** In a network of this machine, which it can reach under `via`. */
  | { readonly kind: "neighbour"; readonly server: Endpoint; readonly via: string }
  /** Behind routers that we know nothing of. */
  | { readonly kind: "beyond"; readonly server: Endpoint };

/** One address of this machine. */
export interface InterfaceAddress {
  readonly address: string;
  /** As an address: `255.255.255.0`, `ffff:ffff:ffff:ffff::`. */
  readonly netmask: string;
}

/** What marks packets: nftables, or iptables where that is not installed. */
export type Firewall = "nft" | "iptables";

/** One command of the recipe. */
export interface RecipeCommand {
  readonly argv: readonly string[];
  /** It fails where there is nothing to remove, and that is well. */
  readonly mayFail: boolean;
}

type Family = "-4" | "-6";

const NUMBER = String(TRANSPARENT_NUMBER);
const MARK = `0x${TRANSPARENT_NUMBER.toString(16)}`;
const NFT_TABLE = "inet postern_transparent";

/** Finds out where a server stands. @param interfaces All addresses of this machine. */
export function placeServer(
  server: Endpoint,
  interfaces: readonly InterfaceAddress[],
): ServerPlace {
  const ip = normalizeIp(server.ip);
  if (isLoopback(ip) || interfaces.some(({ address }) => normalizeIp(address) === ip)) {
    return { kind: "here", server };
  }
  const via = interfaces.find((each) => isInNetwork(ip, each))?.address;
  return via === undefined ? { kind: "beyond", server } : { kind: "neighbour", server, via };
}

/** Returns what to run, as root, on Postern's machine. What an older recipe left is replaced. */
export function edgeRecipe(places: readonly ServerPlace[], firewall: Firewall): RecipeCommand[] {
  const remote = places.filter(({ kind }) => kind !== "here");
  const families = familiesOf(places);
  return [
    ...removalRecipe(firewall),
    // Marks come last: without a route, what is marked would leave for the client.
    ...families.map((family) => ip(family, `route replace local default dev lo table ${NUMBER}`)),
    ...placesHere(places).map(({ server }) => replyRule(server, " iif lo")),
    ...familiesOf(remote).flatMap((family) => [
      ip(family, `rule add pref ${NUMBER} fwmark ${MARK} lookup ${NUMBER}`),
      ...(firewall === "iptables" ? [iptables(family, "-A")] : []),
    ]),
    ...(firewall === "nft" && remote.length > 0 ? nftMarks() : []),
  ];
}

/** Returns what takes back {@linkcode edgeRecipe}, whatever servers it was made for. */
export function removalRecipe(firewall: Firewall): RecipeCommand[] {
  const marks = firewall === "nft"
    ? [{ argv: ["nft", `delete table ${NFT_TABLE}`], mayFail: true }]
    : (["-4", "-6"] as const).map((family) => ({ ...iptables(family, "-D"), mayFail: true }));
  return [...marks, ...removeRoutes("-4"), ...removeRoutes("-6")];
}

/**
 * Returns what to run, as root, on a server's machine of which Postern's is not the default route, or
 * which has clients in its own network: it would answer these directly.
 *
 * @param ports Of the servers on this machine.
 * @param via Postern's address in the network they share.
 */
export function serverRecipe(
  address: string,
  ports: readonly number[],
  via: string,
): RecipeCommand[] {
  const family = familyOf(address);
  return [
    ...removeRoutes(family),
    ip(family, `route replace default via ${via} table ${NUMBER}`),
    ...ports.map((port) => replyRule({ ip: address, port }, "")),
  ];
}

/** Formats a command for a POSIX shell. */
export function formatRecipeCommand({ argv, mayFail }: RecipeCommand): string {
  const line = argv.map((word) => /^[\w.:/-]+$/.test(word) ? word : `'${word}'`).join(" ");
  return mayFail ? `${line} 2>/dev/null || true` : line;
}

/** What a server sends from its port is routed by our table. */
function replyRule({ ip: address, port }: Endpoint, condition: string): RecipeCommand {
  const selector = `from ${address}${condition} ipproto tcp sport ${port}`;
  return ip(familyOf(address), `rule add pref ${NUMBER} ${selector} lookup ${NUMBER}`);
}

function removeRoutes(family: Family): RecipeCommand[] {
  return [
    { ...ip(family, `rule flush pref ${NUMBER}`), mayFail: true },
    { ...ip(family, `route flush table ${NUMBER}`), mayFail: true },
  ];
}

function nftMarks(): RecipeCommand[] {
  return [
    `add table ${NFT_TABLE}`,
    `add chain ${NFT_TABLE} divert { type filter hook prerouting priority mangle; policy accept; }`,
    `add rule ${NFT_TABLE} divert meta l4proto tcp socket transparent 1 meta mark set ${MARK}`,
  ].map((words) => ({ argv: ["nft", words], mayFail: false }));
}

function iptables(family: Family, action: "-A" | "-D"): RecipeCommand {
  const program = family === "-4" ? "iptables" : "ip6tables";
  // Somebody else may hold its lock for a moment: at most 5 s.
  const rule = `-w 5 -t mangle ${action} PREROUTING -p tcp -m socket --transparent`;
  return {
    argv: [program, ...`${rule} -j MARK --set-mark ${MARK}`.split(" ")],
    mayFail: false,
  };
}

function ip(family: Family, words: string): RecipeCommand {
  return { argv: ["ip", family, ...words.split(" ")], mayFail: false };
}

function placesHere(places: readonly ServerPlace[]): ServerPlace[] {
  return places.filter(({ kind }) => kind === "here");
}

function familiesOf(places: readonly ServerPlace[]): Family[] {
  const present = new Set(places.map(({ server }) => familyOf(server.ip)));
  return (["-4", "-6"] as const).filter((family) => present.has(family));
}

function familyOf(address: string): Family {
  return address.includes(":") ? "-6" : "-4";
}

function isInNetwork(address: string, network: InterfaceAddress): boolean {
  const [bytes, own, mask] = [address, network.address, network.netmask].map(parseIp);
  if (bytes === undefined || own === undefined || mask === undefined) return false;
  // A loopback network has no neighbours, and a point-to-point link's mask has no room for one.
  if (isLoopback(network.address) || bytes.length !== own.length) return false;
  return bytes.every((byte, index) => (byte & mask[index]) === (own[index] & mask[index]));
}

/** Two spellings of an IPv6 address are one address. */
function normalizeIp(text: string): string {
  const bytes = parseIp(text);
  return bytes === undefined ? text : formatIp(bytes);
}
