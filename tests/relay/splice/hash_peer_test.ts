import assert from "node:assert/strict";
import { encodeIpAddress, SOCKADDR_IN6_BYTES } from "../../../lib/linux/socket_address.ts";
import { hashPeer } from "../../../lib/relay/splice/hash_peer.ts";
import { hashClient } from "../../../lib/upstream/client_hash.ts";

const CLIENTS = ["192.0.2.1", "127.0.0.1", "2001:db8::1", "2001:db8:1:2:3:4:5:6", "::1", "::"];

for (const ip of CLIENTS) {
  Deno.test(`hashPeer: ${ip} has the number that its text has, from whatever port`, () => {
    const peers = new Uint8Array(3 * SOCKADDR_IN6_BYTES).fill(0xa5);
    for (const port of [1, 65_535]) {
      peers.set(encodeIpAddress(ip, port)!, SOCKADDR_IN6_BYTES);
      assert.equal(hashPeer(peers, SOCKADDR_IN6_BYTES), hashClient(ip));
    }
  });
}

Deno.test("hashPeer: an IPv4 client of a dual-stack socket is the same client", () => {
  const mapped = encodeIpAddress("::ffff:192.0.2.1", 443)!;
  assert.equal(mapped.length, SOCKADDR_IN6_BYTES);
  assert.equal(hashPeer(mapped, 0), hashClient("192.0.2.1"));
});
