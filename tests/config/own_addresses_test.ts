import assert from "node:assert/strict";
import { parseAddress, type TcpAddress } from "../../lib/base/addresses.ts";
import { isOwnAddress, overlaps } from "../../lib/config/own_addresses.ts";

const tcp = (text: string) => parseAddress(text) as TcpAddress;

const OWN: readonly [address: string, listen: string, isOwn: boolean][] = [
  ["10.0.0.1:443", "10.0.0.1:443", true],
  ["10.0.0.1:443", "10.0.0.1:8443", false],
  ["10.0.0.2:443", "10.0.0.1:443", false],
  ["127.0.0.1:443", "[::]:443", true],
  ["127.0.0.53:443", "[::]:443", true],
  ["[::1]:443", "[::]:443", true],
  ["127.0.0.1:443", "0.0.0.0:443", true],
  ["[::1]:443", "0.0.0.0:443", false],
  ["127.0.0.2:443", "127.0.0.1:443", false],
  ["localhost:443", "[::]:443", true],
  ["localhost:443", "127.0.0.1:443", true],
  ["localhost:443", "[::1]:443", true],
  ["localhost:443", "10.0.0.1:443", false],
  ["0.0.0.0:443", "127.0.0.1:443", true],
  ["[::]:443", "10.0.0.1:443", false],
  // Which address of the machine it is, or whose, only the network knows.
  ["10.0.0.1:443", "[::]:443", false],
  ["app.example.org:443", "[::]:443", false],
];

for (const [address, listen, isOwn] of OWN) {
  Deno.test(`isOwnAddress: ${address} ${isOwn ? "reaches" : "misses"} ${listen}`, () => {
    assert.equal(isOwnAddress(tcp(address), { https: [tcp(listen)], http: [] }), isOwn);
    assert.equal(isOwnAddress(tcp(address), { https: [], http: [tcp(listen)] }), isOwn);
  });
}

Deno.test("isOwnAddress: sockets and samples are never our own", () => {
  const listen = { https: [tcp("[::]:443")], http: [tcp("[::]:80")] };
  assert.equal(isOwnAddress({ kind: "unix", path: "/run/x" }, listen), false);
  assert.equal(isOwnAddress({ kind: "sample" }, listen), false);
});

const PAIRS: readonly [a: string, b: string, doOverlap: boolean][] = [
  ["[::]:443", "[::]:443", true],
  ["[::]:443", "0.0.0.0:443", true],
  ["[::]:443", "10.0.0.1:443", true],
  ["[::]:443", "[fd00::1]:443", true],
  ["0.0.0.0:443", "10.0.0.1:443", true],
  ["0.0.0.0:443", "[fd00::1]:443", false],
  ["10.0.0.1:443", "10.0.0.2:443", false],
  ["[::]:443", "[::]:80", false],
  ["[::]:0", "[::]:0", false],
];

for (const [a, b, doOverlap] of PAIRS) {
  Deno.test(`overlaps: ${a} ${doOverlap ? "excludes" : "allows"} ${b}, both ways`, () => {
    assert.equal(overlaps(tcp(a), tcp(b)), doOverlap);
    assert.equal(overlaps(tcp(b), tcp(a)), doOverlap);
  });
}
