import assert from "node:assert/strict";
import { CidrSet, parseCidr } from "../../../lib/base/cidr.ts";
import { FORWARDED_HOPS_MAX } from "../../../lib/base/limits.ts";
import type { HeaderLine } from "../../../lib/http/message.ts";
import { decideClient, joinLines } from "../../../lib/http/policy/decide_client.ts";
import { Random } from "../../support/random.ts";

const TRUSTED = new CidrSet(
  ["10.0.0.0/8", "2001:db8:ffff::/48"].map((block) => parseCidr(block)!),
);

const PROXY = { ip: "10.0.0.1", port: 40_000 };
const PROXY_V6 = { ip: "2001:db8:ffff::1", port: 40_000 };
const STRANGER = { ip: "203.0.113.66", port: 40_000 };

/** Lines of X-Forwarded-For. */
function xff(...values: string[]): HeaderLine[] {
  return values.map((value) => ["X-Forwarded-For", value]);
}

/** Lines of Forwarded. */
function forwarded(...values: string[]): HeaderLine[] {
  return values.map((value) => ["Forwarded", value]);
}

const CASES: readonly [
  why: string,
  peer: { ip: string; port: number },
  headers: readonly HeaderLine[],
  client: string,
][] = [
  ["a stranger is the client", STRANGER, [], "203.0.113.66 40000"],
  ["a stranger's word is worth nothing", STRANGER, xff("192.0.2.1"), "203.0.113.66 40000"],
  ["nor in Forwarded", STRANGER, forwarded("for=192.0.2.1"), "203.0.113.66 40000"],
  ["a proxy that says nothing is the client", PROXY, [["X-Other", "192.0.2.1"]], "10.0.0.1 40000"],
  ["a proxy tells its client", PROXY, xff("192.0.2.1"), "192.0.2.1 0"],
  ["with its port", PROXY, xff("192.0.2.1:5678"), "192.0.2.1 5678"],
  ["over IPv6", PROXY_V6, xff("2001:db8::1"), "2001:db8::1 0"],
  ["in brackets", PROXY_V6, xff("[2001:db8::1]:80"), "2001:db8::1 80"],
  ["mapped", PROXY, xff("::ffff:192.0.2.1"), "192.0.2.1 0"],
  ["trusted addresses are skipped", PROXY, xff("192.0.2.1, 10.0.0.3, 10.0.0.2"), "192.0.2.1 0"],
  ["mapped ones as well", PROXY, xff("192.0.2.1, ::ffff:10.0.0.2"), "192.0.2.1 0"],
  ["what stands before the client is anybody's", PROXY, xff("10.9.9.9, 192.0.2.1"), "192.0.2.1 0"],
  ["forged", PROXY, xff("198.51.100.1, 192.0.2.1, 10.0.0.2"), "192.0.2.1 0"],
  [
    "RFC 9110 §5.3, lines are one list",
    PROXY,
    xff("198.51.100.1", "192.0.2.1", "10.0.0.2"),
    "192.0.2.1 0",
  ],
  ["in the order of the lines", PROXY, xff("192.0.2.1", "198.51.100.1"), "198.51.100.1 0"],
  [
    "RFC 9110 §5.6.1.2, empty entries are nothing",
    PROXY,
    xff("192.0.2.1, ,10.0.0.2,"),
    "192.0.2.1 0",
  ],
  ["only trusted addresses: the first of them", PROXY, xff("10.0.0.3, 10.0.0.2"), "10.0.0.3 0"],
  ["garbage alone", PROXY, xff("garbage"), "10.0.0.1 40000"],
  ["an empty field", PROXY, xff(""), "10.0.0.1 40000"],
  ["garbage before a trusted one", PROXY, xff("192.0.2.1, garbage, 10.0.0.2"), "10.0.0.2 0"],
  ["garbage before the client", PROXY, xff("garbage, 192.0.2.1"), "192.0.2.1 0"],
  ["unknown", PROXY, xff("unknown, 10.0.0.2"), "10.0.0.2 0"],
  ["any case of the name", PROXY, [["x-forwarded-for", "192.0.2.1"]], "192.0.2.1 0"],
  ["no other spelling", PROXY, [["X_Forwarded_For", "192.0.2.1"]], "10.0.0.1 40000"],
  ["Forwarded tells it", PROXY, forwarded("for=192.0.2.1"), "192.0.2.1 0"],
  ["quoted", PROXY, forwarded('for="[2001:db8::1]:80";proto=https'), "2001:db8::1 80"],
  ["in several lines", PROXY, forwarded("for=192.0.2.1", 'for="10.0.0.2"'), "192.0.2.1 0"],
  ["not from an open quote on", PROXY, forwarded('for="x, for=192.0.2.1'), "192.0.2.1 0"],
  ["hidden", PROXY, forwarded("for=_hidden, for=10.0.0.2"), "10.0.0.2 0"],
  ["an entry without for", PROXY, forwarded("for=192.0.2.1, proto=https"), "10.0.0.1 40000"],
  ["X-Forwarded-For wins over Forwarded", PROXY, [
    ...forwarded("for=198.51.100.1"),
    ...xff("192.0.2.1"),
  ], "192.0.2.1 0"],
  [
    "even if it is garbage",
    PROXY,
    [...forwarded("for=198.51.100.1"), ...xff("x")],
    "10.0.0.1 40000",
  ],
];

for (const [why, peer, headers, client] of CASES) {
  Deno.test(`decideClient: ${why}: ${headers.map(([, value]) => value).join(" | ")}`, () => {
    const decided = decideClient(peer, headers, TRUSTED);
    assert.equal(`${decided.client.ip} ${decided.client.port}`, client);
    assert.equal(decided.trustedPeer, peer !== STRANGER);
  });
}

Deno.test("decideClient: says where it has it from, and what the nearest proxy says beside", () => {
  const source = (headers: HeaderLine[], peer = PROXY) =>
    decideClient(peer, headers, TRUSTED).source;
  assert.equal(source(xff("x")), "x-forwarded-for");
  assert.equal(source(forwarded("x")), "forwarded");
  assert.equal(source([...forwarded("x"), ...xff("x")]), "x-forwarded-for");
  assert.equal(source([]), undefined);
  assert.equal(source(xff("192.0.2.1"), STRANGER), undefined);
  const { element } = decideClient(
    PROXY,
    forwarded("for=192.0.2.1;proto=https;host=a.b, for=10.0.0.2;proto=http;host=inner"),
    TRUSTED,
  );
  assert.deepEqual([element?.proto, element?.host], ["https", "a.b"]);
});

Deno.test("decideClient: looks through so many entries and no more", () => {
  const chain = (hops: number) => xff(["192.0.2.1", ...Array(hops).fill("10.0.0.2")].join(", "));
  const ipAfter = (hops: number) => decideClient(PROXY, chain(hops), TRUSTED).client.ip;
  assert.equal(ipAfter(FORWARDED_HOPS_MAX - 1), "192.0.2.1");
  assert.equal(ipAfter(FORWARDED_HOPS_MAX), "10.0.0.2");
  assert.equal(ipAfter(10_000), "10.0.0.2");
  assert.equal(decideClient(PROXY, xff(`192.0.2.1${",".repeat(10_000)}`), TRUSTED).client, PROXY);
});

Deno.test("joinLines: joins in order, undefined without any", () => {
  assert.equal(joinLines([["A", "1"], ["b", "2"], ["a", "3"]], "a"), "1, 3");
  assert.equal(joinLines([["A", ""]], "a"), "");
  assert.equal(joinLines([["A", "1"]], "b"), undefined);
});

const SEED = 20260413;

Deno.test(`decideClient: nobody is made somebody else by what he sends himself, seed ${SEED}`, () => {
  const random = new Random(SEED);
  const parts = ["10.0.0.2", "198.51.100.1", ",", ", ", '"', "\\", "for=", ";", " ", "[::1]", "x"];
  for (let round = 0; round < 10_000; round++) {
    const forged = Array.from({ length: random.below(10) }, () => random.pick(parts)).join("");
    const through = random.pick([[], ["10.0.0.2"], ["10.0.0.2", "10.9.9.9"]]);
    const lists = [
      xff([forged, "192.0.2.1", ...through].join(", ")),
      xff(forged, "192.0.2.1", ...through),
      forwarded([forged, "for=192.0.2.1", ...through.map((ip) => `for="${ip}:80"`)].join(", ")),
      forwarded(forged, 'for="192.0.2.1"', ...through.map((ip) => `for=${ip}`)),
    ];
    for (const headers of lists) {
      const { client } = decideClient(PROXY, headers, TRUSTED);
      assert.equal(client.ip, "192.0.2.1", JSON.stringify(headers));
    }
    assert.equal(decideClient(STRANGER, xff(forged), TRUSTED).client, STRANGER);
  }
});
