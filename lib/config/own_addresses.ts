/**
 * Recognizes Postern's own public addresses: a server that stands there would get its traffic from
 * itself, for ever. Pure; sees only what the file says, not what names resolve to.
 *
 * @module
 */
import { isIPv4 } from "node:net";
import { isLoopback, type TcpAddress } from "../base/addresses.ts";
import type { ListenConfig, ServerConfig } from "./config.ts";

/** Says whether connecting to `address` would reach one of the public addresses. */
export function isOwnAddress(address: ServerConfig["address"], listen: ListenConfig): boolean {
  if (address.kind !== "tcp") return false;
  return [...listen.https, ...listen.http].some((own) => reaches(address, own));
}

/** Says whether two listening addresses want the same port of the same interface. */
export function overlaps(a: TcpAddress, b: TcpAddress): boolean {
  // With port 0 each gets a port of its own.
  if (a.port !== b.port || a.port === 0) return false;
  return a.hostname === b.hostname || acceptsAlso(a, b.hostname) || acceptsAlso(b, a.hostname);
}

function reaches(address: TcpAddress, own: TcpAddress): boolean {
  if (address.port !== own.port) return false;
  // Connecting to the unspecified address reaches the host itself.
  const isHere = address.hostname === "::" || address.hostname === "0.0.0.0";
  if (isHere || address.hostname === "localhost") {
    return isUnspecified(own.hostname) || isLoopback(own.hostname);
  }
  if (address.hostname === own.hostname) return true;
  return isLoopback(address.hostname) && acceptsAlso(own, address.hostname);
}

/** `[::]` is dual-stack: it accepts IPv4 too, whichever order the sockets are opened in. */
function acceptsAlso(own: TcpAddress, ip: string): boolean {
  return own.hostname === "::" || (own.hostname === "0.0.0.0" && isIPv4(ip));
}

function isUnspecified(ip: string): boolean {
  return ip === "::" || ip === "0.0.0.0";
}
