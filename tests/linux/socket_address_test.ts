import assert from "node:assert/strict";
import {
  decodeIpAddress,
  encodeIpAddress,
  encodeUnixAddress,
  SOCKADDR_IN6_BYTES,
  socketFamily,
  UNIX_PATH_MAX_BYTES,
  unmapSocketAddress,
} from "../../lib/linux/socket_address.ts";

Deno.test("encodeIpAddress: sockaddr_in is family, port in network order, address, eight zeros", () => {
  assert.deepEqual(
    encodeIpAddress("192.0.2.1", 443),
    Uint8Array.of(2, 0, 1, 0xbb, 192, 0, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0),
  );
});

Deno.test("encodeIpAddress: sockaddr_in6 is family, port, flow, address, scope", () => {
  const address = [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x11];
  assert.deepEqual(
    encodeIpAddress("2001:db8::11", 8_443),
    Uint8Array.of(10, 0, 0x20, 0xfb, 0, 0, 0, 0, ...address, 0, 0, 0, 0),
  );
});

Deno.test("encodeUnixAddress: sockaddr_un is family, path and a final NUL", () => {
  assert.deepEqual(encodeUnixAddress("/a/b"), Uint8Array.of(1, 0, 47, 97, 47, 98, 0));
});

const REFUSED: readonly (readonly [what: string, result: unknown])[] = [
  ["a name", encodeIpAddress("localhost", 1)],
  ["nothing", encodeIpAddress("", 1)],
  ["a zone", encodeIpAddress("fe80::1%eth0", 1)],
  ["an empty path", encodeUnixAddress("")],
  ["a path with a NUL", encodeUnixAddress("/a\0b")],
  ["a path that is too long", encodeUnixAddress("/".repeat(UNIX_PATH_MAX_BYTES + 1))],
];

for (const [what, result] of REFUSED) {
  Deno.test(`encode: ${what} has no address`, () => assert.equal(result, undefined));
}

Deno.test("encodeUnixAddress: the longest path fits, counted in bytes", () => {
  assert.equal(encodeUnixAddress("/".repeat(UNIX_PATH_MAX_BYTES))?.length, 110);
  assert.equal(encodeUnixAddress("\u00fc".repeat(54)), undefined);
});

const DECODED: readonly (readonly [ip: string, back: string])[] = [
  ["192.0.2.1", "192.0.2.1"],
  ["255.255.255.255", "255.255.255.255"],
  ["::1", "::1"],
  ["2001:db8::5", "2001:db8::5"],
  ["::ffff:192.0.2.1", "192.0.2.1"],
];

for (const [ip, back] of DECODED) {
  Deno.test(`decodeIpAddress: ${ip} is ${back}`, () => {
    for (const port of [0, 1, 255, 256, 65_535]) {
      const bytes = new Uint8Array(28).fill(0xee);
      bytes.set(encodeIpAddress(ip, port)!);
      assert.deepEqual(decodeIpAddress(bytes), { ip: back, port });
    }
  });
}

Deno.test("decodeIpAddress: a Unix socket has none", () => {
  const bytes = new Uint8Array(28);
  bytes.set(encodeUnixAddress("/a")!);
  assert.equal(socketFamily(bytes), 1);
  assert.equal(decodeIpAddress(bytes), undefined);
});

const UNMAPPED: readonly (readonly [from: string, to: string])[] = [
  ["::ffff:192.0.2.1", "192.0.2.1"],
  ["::ffff:0.0.0.0", "0.0.0.0"],
  ["192.0.2.1", "192.0.2.1"],
  ["2001:db8::1", "2001:db8::1"],
  ["::fffe:192.0.2.1", "::fffe:192.0.2.1"],
  ["::1:ffff:192.0.2.1", "::1:ffff:192.0.2.1"],
  ["::192.0.2.1", "::192.0.2.1"],
];

for (const [from, to] of UNMAPPED) {
  Deno.test(`unmapSocketAddress: ${from} becomes ${to}, its port stays`, () => {
    const bytes = new Uint8Array(SOCKADDR_IN6_BYTES + 9).fill(0xee);
    bytes.fill(0, 0, SOCKADDR_IN6_BYTES);
    bytes.set(encodeIpAddress(from, 51_234)!);
    assert.deepEqual(unmapSocketAddress(bytes), encodeIpAddress(to, 51_234));
  });
}
