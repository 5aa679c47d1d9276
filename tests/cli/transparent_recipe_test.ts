import { deepStrictEqual, strictEqual } from "node:assert/strict";
import {
  edgeRecipe,
  type Firewall,
  formatRecipeCommand,
  type InterfaceAddress,
  placeServer,
  removalRecipe,
  type ServerPlace,
  serverRecipe,
  TRANSPARENT_NUMBER,
} from "../../lib/cli/transparent_recipe.ts";

const INTERFACES: readonly InterfaceAddress[] = [
  { address: "127.0.0.1", netmask: "255.0.0.0" },
  { address: "::1", netmask: "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" },
  { address: "192.168.1.10", netmask: "255.255.255.0" },
  { address: "10.20.0.1", netmask: "255.255.252.0" },
  { address: "10.99.0.1", netmask: "255.255.255.255" },
  { address: "fd00:1::10", netmask: "ffff:ffff:ffff:ffff::" },
];

const PLACES: readonly [ip: string, kind: ServerPlace["kind"], via?: string][] = [
  ["127.0.0.1", "here"],
  ["127.9.9.9", "here"],
  ["::1", "here"],
  ["0:0::1", "here"],
  ["192.168.1.10", "here"],
  ["FD00:1:0::10", "here"],
  ["192.168.1.11", "neighbour", "192.168.1.10"],
  ["192.168.2.11", "beyond"],
  ["10.20.3.255", "neighbour", "10.20.0.1"],
  ["10.20.4.0", "beyond"],
  ["10.99.0.1", "here"],
  ["10.99.0.2", "beyond"],
  ["fd00:1::11", "neighbour", "fd00:1::10"],
  ["fd00:1:0:1::11", "beyond"],
  ["::ffff:192.168.1.11", "beyond"],
];

for (const [ip, kind, via] of PLACES) {
  Deno.test(`placeServer: ${ip} is ${kind}`, () => {
    const place = placeServer({ ip, port: 443 }, INTERFACES);
    strictEqual(place.kind, kind);
    strictEqual(place.kind === "neighbour" ? place.via : undefined, via);
  });
}

const REMOVE_ROUTES = [
  "ip -4 rule flush pref 28783 2>/dev/null || true",
  "ip -4 route flush table 28783 2>/dev/null || true",
  "ip -6 rule flush pref 28783 2>/dev/null || true",
  "ip -6 route flush table 28783 2>/dev/null || true",
];

const REMOVE: Readonly<Record<Firewall, readonly string[]>> = {
  nft: [
    "nft 'delete table inet postern_transparent' 2>/dev/null || true",
    ...REMOVE_ROUTES,
  ],
  iptables: [
    "iptables -w 5 -t mangle -D PREROUTING -p tcp -m socket --transparent -j MARK --set-mark 0x706f 2>/dev/null || true",
    "ip6tables -w 5 -t mangle -D PREROUTING -p tcp -m socket --transparent -j MARK --set-mark 0x706f 2>/dev/null || true",
    ...REMOVE_ROUTES,
  ],
};

const NFT = [
  "nft 'add table inet postern_transparent'",
  "nft 'add chain inet postern_transparent divert { type filter hook prerouting priority mangle; policy accept; }'",
  "nft 'add rule inet postern_transparent divert meta l4proto tcp socket transparent 1 meta mark set 0x706f'",
];

interface EdgeCase {
  readonly name: string;
  readonly servers: readonly [ip: string, port: number][];
  readonly firewall: Firewall;
  readonly lines: readonly string[];
}

const EDGE_CASES: readonly EdgeCase[] = [
  {
    name: "another machine, nft",
    servers: [["192.168.1.11", 443], ["192.168.1.12", 8443]],
    firewall: "nft",
    lines: [
      "ip -4 route replace local default dev lo table 28783",
      "ip -4 rule add pref 28783 fwmark 0x706f lookup 28783",
      ...NFT,
    ],
  },
  {
    name: "another machine, iptables",
    servers: [["192.168.1.11", 443]],
    firewall: "iptables",
    lines: [
      "ip -4 route replace local default dev lo table 28783",
      "ip -4 rule add pref 28783 fwmark 0x706f lookup 28783",
      "iptables -w 5 -t mangle -A PREROUTING -p tcp -m socket --transparent -j MARK --set-mark 0x706f",
    ],
  },
  {
    name: "IPv6 behind routers, iptables",
    servers: [["fd00:2::1", 443]],
    firewall: "iptables",
    lines: [
      "ip -6 route replace local default dev lo table 28783",
      "ip -6 rule add pref 28783 fwmark 0x706f lookup 28783",
      "ip6tables -w 5 -t mangle -A PREROUTING -p tcp -m socket --transparent -j MARK --set-mark 0x706f",
    ],
  },
  {
    name: "this machine only, no marks",
    servers: [["127.0.0.1", 8443], ["::1", 8443], ["192.168.1.10", 9443]],
    firewall: "nft",
    lines: [
      "ip -4 route replace local default dev lo table 28783",
      "ip -6 route replace local default dev lo table 28783",
      "ip -4 rule add pref 28783 from 127.0.0.1 iif lo ipproto tcp sport 8443 lookup 28783",
      "ip -6 rule add pref 28783 from ::1 iif lo ipproto tcp sport 8443 lookup 28783",
      "ip -4 rule add pref 28783 from 192.168.1.10 iif lo ipproto tcp sport 9443 lookup 28783",
    ],
  },
  {
    name: "both",
    servers: [["192.168.1.11", 443], ["::1", 8443]],
    firewall: "nft",
    lines: [
      "ip -4 route replace local default dev lo table 28783",
      "ip -6 route replace local default dev lo table 28783",
      "ip -6 rule add pref 28783 from ::1 iif lo ipproto tcp sport 8443 lookup 28783",
      "ip -4 rule add pref 28783 fwmark 0x706f lookup 28783",
      ...NFT,
    ],
  },
];

for (const { name, servers, firewall, lines } of EDGE_CASES) {
  Deno.test(`edgeRecipe: servers on ${name}`, () => {
    const places = servers.map(([ip, port]) => placeServer({ ip, port }, INTERFACES));
    deepStrictEqual(edgeRecipe(places, firewall).map(formatRecipeCommand), [
      ...REMOVE[firewall],
      ...lines,
    ]);
  });
}

for (const firewall of ["nft", "iptables"] as const) {
  Deno.test(`removalRecipe: takes everything back, with ${firewall}, and may find nothing`, () => {
    const commands = removalRecipe(firewall);
    deepStrictEqual(commands.map(formatRecipeCommand), REMOVE[firewall]);
    strictEqual(commands.every(({ mayFail }) => mayFail), true);
  });
}

Deno.test("serverRecipe: one route and one rule per port", () => {
  deepStrictEqual(
    serverRecipe("192.168.1.11", [443, 8443], "192.168.1.10").map(formatRecipeCommand),
    [
      "ip -4 rule flush pref 28783 2>/dev/null || true",
      "ip -4 route flush table 28783 2>/dev/null || true",
      "ip -4 route replace default via 192.168.1.10 table 28783",
      "ip -4 rule add pref 28783 from 192.168.1.11 ipproto tcp sport 443 lookup 28783",
      "ip -4 rule add pref 28783 from 192.168.1.11 ipproto tcp sport 8443 lookup 28783",
    ],
  );
});

Deno.test("TRANSPARENT_NUMBER: is a priority before the main table's and no table of the kernel's", () => {
  strictEqual(TRANSPARENT_NUMBER < 32_766, true);
  strictEqual(TRANSPARENT_NUMBER > 255, true);
});
