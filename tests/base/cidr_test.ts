import assert from "node:assert/strict";
import { formatIp, parseIp } from "../../lib/base/addresses.ts";
import { type Cidr, CidrSet, formatCidr, parseCidr } from "../../lib/base/cidr.ts";
import { Random } from "../support/random.ts";

const PARSED: readonly [text: string, formatted: string][] = [
  ["10.0.0.0/8", "10.0.0.0/8"],
  ["10.1.2.3/8", "10.0.0.0/8"],
  ["192.0.2.1", "192.0.2.1"],
  ["192.0.2.1/32", "192.0.2.1"],
  ["192.0.2.255/31", "192.0.2.254/31"],
  ["0.0.0.0/0", "0.0.0.0/0"],
  ["255.255.255.255/0", "0.0.0.0/0"],
  ["2001:DB8::/32", "2001:db8::/32"],
  ["2001:db8:ffff::1/33", "2001:db8:8000::/33"],
  ["::1", "::1"],
  ["::1/128", "::1"],
  ["::/0", "::/0"],
  ["1:2:3:4:5:6:7:8/127", "1:2:3:4:5:6:7:8/127"],
  // RFC 4291 §2.5.5.2: a mapped address is an IPv4 address.
  ["::ffff:10.0.0.0/104", "10.0.0.0/8"],
  ["::ffff:192.0.2.1", "192.0.2.1"],
  ["::ffff:a00:1", "10.0.0.1"],
  ["::ffff:0:0/96", "0.0.0.0/0"],
  // And a block of more than those is one of IPv6.
  ["::ffff:10.0.0.0/95", "::fffe:0:0/95"],
  ["::ffff:0:0/80", "::/80"],
];

for (const [text, formatted] of PARSED) {
  Deno.test(`parseCidr: RFC 4632 §3.1, ${text} is ${formatted}`, () => {
    const cidr = parseCidr(text);
    assert(cidr !== undefined);
    assert.equal(formatCidr(cidr), formatted);
    assert.deepEqual(parseCidr(formatted), cidr);
  });
}

const REFUSED = [
  "",
  "10.0.0.0/",
  "10.0.0.0/33",
  "10.0.0.0/-1",
  "10.0.0.0/8.0",
  "10.0.0.0/ 8",
  " 10.0.0.0/8",
  "10.0.0.0/8\n",
  "10.0.0/8",
  "10/8",
  "010.0.0.1",
  "::/129",
  "::/1281",
  "[::1]/128",
  "fe80::1%eth0/64",
  "example.org",
  "10.0.0.0/255.0.0.0",
  "10.0.0.1-10.0.0.9",
];

for (const text of REFUSED) {
  Deno.test(`parseCidr: refuses ${JSON.stringify(text)}`, () => {
    assert.equal(parseCidr(text), undefined);
  });
}

function setOf(...texts: string[]): CidrSet {
  return new CidrSet(texts.map((text) => parseCidr(text)!));
}

const CONTAINED: readonly [blocks: string[], inside: string[], outside: string[]][] = [
  [[], [], ["10.0.0.1", "::1", ""]],
  [["10.0.0.0/8"], ["10.0.0.0", "10.255.255.255", "::ffff:10.1.2.3"], [
    "9.255.255.255",
    "11.0.0.0",
    "::10.0.0.1",
    "2001:db8::1",
    "nonsense",
    "10.0.0.1%eth0",
  ]],
  [["192.0.2.1"], ["192.0.2.1"], ["192.0.2.0", "192.0.2.2"]],
  [["0.0.0.0/0"], ["0.0.0.0", "255.255.255.255"], ["::", "::1"]],
  [["::/0"], ["::", "::1", "ffff::"], ["0.0.0.0", "10.0.0.1", "::ffff:10.0.0.1"]],
  [["2001:db8::/33"], ["2001:db8:7fff:ffff::1"], ["2001:db8:8000::", "2001:db7::"]],
  [["fe80::/10"], ["fe80::1", "febf::1"], ["fec0::", "fe7f::"]],
  // Blocks inside blocks, in any order, and neighbours.
  [["10.1.0.0/16", "10.0.0.0/8", "10.1.2.0/24"], ["10.1.2.3", "10.200.0.1"], ["11.0.0.1"]],
  [["10.0.0.0/9", "10.128.0.0/9"], ["10.127.255.255", "10.128.0.0"], ["9.0.0.0", "11.0.0.0"]],
  [["10.0.0.4/30", "10.0.0.0/32"], ["10.0.0.0", "10.0.0.4", "10.0.0.7"], ["10.0.0.1", "10.0.0.8"]],
];

for (const [blocks, inside, outside] of CONTAINED) {
  Deno.test(`CidrSet: contains what is in ${blocks.join(", ") || "nothing"}`, () => {
    const set = setOf(...blocks);
    assert.equal(set.isEmpty, blocks.length === 0);
    for (const ip of inside) assert.equal(set.contains(ip), true, ip);
    for (const ip of outside) assert.equal(set.contains(ip), false, ip);
  });
}

/** What a set should say, bit by bit. */
function isInside(ip: string, { ip: first, prefixBits }: Cidr): boolean {
  const bits = (text: string) =>
    Array.from(parseIp(text)!, (byte) => byte.toString(2).padStart(8, "0")).join("");
  const [one, other] = [bits(ip), bits(first)];
  return one.length === other.length && one.slice(0, prefixBits) === other.slice(0, prefixBits);
}

const SEED = 20260411;

Deno.test(`CidrSet: agrees with a comparison bit by bit, seed ${SEED}`, () => {
  const random = new Random(SEED);
  for (let round = 0; round < 300; round++) {
    // Few different bytes, so that blocks meet.
    const address = () => {
      const bytes = random.bytes(random.pick([4, 16])).map((byte) => byte & 0b1000_0001);
      return formatIp(bytes);
    };
    const blocks = Array.from({ length: random.below(30) }, () => {
      const ip = address();
      return parseCidr(`${ip}/${random.below((ip.includes(":") ? 128 : 32) + 1)}`)!;
    });
    const set = new CidrSet(blocks);
    for (let look = 0; look < 30; look++) {
      const ip = address();
      const expected = blocks.some((block) => isInside(ip, block));
      assert.equal(set.contains(ip), expected, `${ip} in ${blocks.map(formatCidr).join(" ")}`);
    }
  }
});

Deno.test(`parseCidr: any text gives a block or undefined, seed ${SEED}`, () => {
  const random = new Random(SEED);
  const parts = ["10", ".", ":", "::", "/", "8", "0", "ffff", "255", "%", " ", "x", "128", "-1"];
  for (let round = 0; round < 20_000; round++) {
    const text = Array.from({ length: random.below(12) }, () => random.pick(parts)).join("");
    const cidr = parseCidr(text);
    if (cidr === undefined) continue;
    assert.deepEqual(parseCidr(formatCidr(cidr)), cidr, text);
    assert(new CidrSet([cidr]).contains(cidr.ip), text);
  }
});

Deno.test("CidrSet: 100,000 blocks are built and looked through without a scan", () => {
  const random = new Random(SEED);
  const blocks = Array.from(
    { length: 100_000 },
    () => parseCidr(`${formatIp(random.bytes(4))}/${16 + random.below(17)}`)!,
  );
  const set = new CidrSet(blocks);
  const startedMs = performance.now();
  for (const { ip } of blocks.slice(0, 20_000)) assert(set.contains(ip));
  // A scan would compare two thousand million times; 17 steps each take a hundredth of this.
  assert(performance.now() - startedMs < 5_000);
});
