import assert from "node:assert/strict";
import {
  formatAddress,
  formatEndpoint,
  formatHostPort,
  formatIp,
  formatUnmappedIp,
  isLoopback,
  isMappedIpv4,
  parseAddress,
  parseIp,
  unmapIpv4,
} from "../../lib/base/addresses.ts";
import { Random } from "../support/random.ts";

const ADDRESSES: readonly [text: string, formatted: string][] = [
  ["app.example.org:443", "app.example.org:443"],
  ["192.0.2.1:0", "192.0.2.1:0"],
  ["[::1]:65535", "[::1]:65535"],
  ["[2001:db8::1]:8443", "[2001:db8::1]:8443"],
  [":443", "[::]:443"],
  ["localhost:00080", "localhost:80"],
  ["unix:/run/app.sock", "unix:/run/app.sock"],
  ["unix:relative:8080", "unix:relative:8080"],
];

for (const [text, formatted] of ADDRESSES) {
  Deno.test(`parseAddress: reads ${text}`, () => {
    const address = parseAddress(text);
    assert.notEqual(address.kind, "problem");
    if (address.kind === "problem") return;
    assert.equal(formatAddress(address), formatted);
    assert.deepEqual(parseAddress(formatted), address);
  });
}

const PROBLEMS: readonly [text: string, problem: string][] = [
  ["", "empty"],
  ["unix:", "empty"],
  ["app.example.org", "port is missing"],
  ["app.example.org:", "port is missing"],
  ["[::1]", "port is missing"],
  ["::1:443", "port is missing"],
  ["[::1", "port is missing"],
  ["a]b:443", "port is missing"],
  ["app.example.org:65536", "port is not a number from 0 to 65535"],
  ["app.example.org:https", "port is not a number from 0 to 65535"],
  ["app.example.org:-1", "port is not a number from 0 to 65535"],
  ["app.example.org:1e3", "port is not a number from 0 to 65535"],
  ["app.example.org: 80", "port is not a number from 0 to 65535"],
];

for (const [text, problem] of PROBLEMS) {
  Deno.test(`parseAddress: says of ${JSON.stringify(text)}: ${problem}`, () => {
    assert.deepEqual(parseAddress(text), { kind: "problem", problem });
  });
}

Deno.test("formatHostPort, formatEndpoint: put brackets around IPv6 only", () => {
  assert.equal(formatHostPort("app.example.org", 443), "app.example.org:443");
  assert.equal(formatHostPort("::1", 443), "[::1]:443");
  assert.equal(formatEndpoint({ ip: "192.0.2.1", port: 50000 }), "192.0.2.1:50000");
  assert.equal(formatEndpoint({ ip: "2001:db8::1", port: 1 }), "[2001:db8::1]:1");
});

Deno.test("unmapIpv4: unmaps what is mapped and nothing else (RFC 4291 §2.5.5.2)", () => {
  const cases: Record<string, string> = {
    "::ffff:192.0.2.1": "192.0.2.1",
    "::ffff:c000:201": "192.0.2.1",
    "::ffff:0:0": "0.0.0.0",
    "192.0.2.1": "192.0.2.1",
    "::1": "::1",
    "::ffff": "::ffff",
    "::fffe:192.0.2.1": "::fffe:192.0.2.1",
    // IPv4-translated (RFC 2765) and others that begin alike: not the client 192.0.2.1.
    "::ffff:0:c000:201": "::ffff:0:c000:201",
    "::ffff:0:192.0.2.1": "::ffff:0:192.0.2.1",
    "::ffff:1:2:3": "::ffff:1:2:3",
    "::ffff:app": "::ffff:app",
  };
  for (const [ip, plain] of Object.entries(cases)) assert.equal(unmapIpv4(ip), plain, ip);
});

Deno.test("formatUnmappedIp: writes what is mapped as IPv4 and the rest as formatIp does", () => {
  for (
    const ip of ["192.0.2.1", "::1", "2001:db8::1", "::ffff", "::ffff:0:c000:201", "::fffe:1:2"]
  ) {
    assert.equal(formatUnmappedIp(parseIp(ip)!), ip);
  }
  assert.equal(formatUnmappedIp(parseIp("::ffff:192.0.2.1")!), "192.0.2.1");
});

Deno.test("isMappedIpv4: looks at 16 bytes from where it is told", () => {
  const bytes = Uint8Array.from([0xff, ...parseIp("::ffff:192.0.2.1")!]);
  assert.ok(isMappedIpv4(bytes, 1));
  assert.ok(!isMappedIpv4(bytes, 0));
  for (let index = 1; index <= 12; index++) {
    const other = bytes.slice();
    other[index] ^= 1;
    assert.ok(!isMappedIpv4(other, 1), `byte ${index - 1} counts`);
  }
});

Deno.test("isLoopback: knows both families", () => {
  for (const ip of ["127.0.0.1", "127.0.0.2", "127.255.255.255", "::1"]) {
    assert.ok(isLoopback(ip), ip);
  }
  for (const ip of ["128.0.0.1", "12.7.0.0", "::", "::2", "10.0.0.1"]) {
    assert.ok(!isLoopback(ip), ip);
  }
});

Deno.test("parseIp: reads both families into bytes", () => {
  assert.deepEqual(parseIp("192.0.2.255"), Uint8Array.of(192, 0, 2, 255));
  const hex = (ip: string) => parseIp(ip)?.toHex();
  assert.equal(hex("::"), "00".repeat(16));
  assert.equal(hex("::1"), "00".repeat(15) + "01");
  assert.equal(hex("1::"), "0001" + "00".repeat(14));
  assert.equal(hex("2001:db8::a:0:1"), "20010db8" + "00".repeat(6) + "000a00000001");
  assert.equal(hex("1:2:3:4:5:6:7:8"), "00010002000300040005000600070008");
  assert.equal(hex("1:2:3:4:5:6:7::"), "00010002000300040005000600070000");
  assert.equal(hex("::ffff:192.0.2.1"), "00".repeat(10) + "ffffc0000201");
  assert.equal(hex("64:ff9b::192.0.2.33"), "0064ff9b" + "00".repeat(8) + "c0000221");
});

Deno.test("parseIp: refuses what is no IP address", () => {
  const bad = ["", "1.2.3", "1.2.3.256", "01.2.3.4", "[::1]", "::1%eth0", ":::", "1::2::3", "host"];
  for (const text of bad) assert.equal(parseIp(text), undefined, text);
});

Deno.test("formatIp: writes IPv6 as RFC 5952 §4 asks", () => {
  const formatted = (ip: string) => formatIp(parseIp(ip)!);
  assert.equal(formatted("2001:DB8:0:0:0:0:0:1"), "2001:db8::1");
  assert.equal(formatted("2001:db8:0:1:1:1:1:1"), "2001:db8:0:1:1:1:1:1");
  assert.equal(formatted("2001:0:0:1:0:0:0:1"), "2001:0:0:1::1");
  assert.equal(formatted("10.0.0.1"), "10.0.0.1");
});

const SEED = 20260101;
Deno.test(`formatIp: parseIp reads what it wrote, seed ${SEED}`, () => {
  const random = new Random(SEED);
  for (let round = 0; round < 2_000; round++) {
    const bytes = random.bytes(random.pick([4, 16]));
    // Runs of zeros are where the short form is cut.
    for (let zeros = random.below(bytes.length + 1); zeros > 0; zeros--) {
      bytes[random.below(bytes.length)] = 0;
    }
    assert.deepEqual(parseIp(formatIp(bytes)), bytes);
  }
});
