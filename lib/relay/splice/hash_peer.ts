/**
 * The number of a client's address, from the bytes that the kernel wrote: the same as `hashClient` has
 * for its text. Allocates nothing. Pure. Input comes from strangers.
 *
 * @module
 */
import { isMappedIpv4 } from "../../base/addresses.ts";
import { FAMILY } from "../../linux/constants.ts";
import { hashBytes, IPV6_PREFIX_BYTES } from "../../upstream/client_hash.ts";

/** Where the address stands in `sockaddr_in` and `sockaddr_in6`. */
const INET_AT = 4;
const INET6_AT = 8;

/** Hashes the client of the `struct sockaddr` that begins at `at`; IPv4 as such, mapped or not. */
export function hashPeer(peers: Uint8Array, at: number): number {
  const family = peers[at] | peers[at + 1] << 8;
  if (family === FAMILY.inet) return hashBytes(peers, at + INET_AT, at + INET_AT + 4);
  const start = at + INET6_AT;
  if (isMappedIpv4(peers, start)) return hashBytes(peers, start + 12, start + 16);
  return hashBytes(peers, start, start + IPV6_PREFIX_BYTES);
}
