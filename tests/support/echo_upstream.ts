/**
 * A server behind passthrough that sends back every byte, the ClientHello included, and a client that
 * has seen it do so. What they exchange is no TLS, so both ends are free to stop whenever they like.
 *
 * @module
 */
import type { TcpAddress } from "../../lib/base/addresses.ts";
import { type BrokenUpstream, startBrokenUpstream } from "./broken_upstream.ts";
import { buildClientHello } from "./client_hello_builder.ts";
import { openTcp, type RawClient } from "./raw_client.ts";

/** Starts the server. */
export function startEchoUpstream(): BrokenUpstream {
  return startBrokenUpstream(async (peer) => {
    for (let bytes = await peer.read(); bytes !== undefined; bytes = await peer.read()) {
      await peer.write(bytes);
    }
  });
}

/** Connects to Postern and waits until a ClientHello for `host` has come back. */
export async function openEcho(to: TcpAddress, host: string): Promise<RawClient> {
  const client = await openTcp(to);
  const hello = buildClientHello({ serverName: host });
  await client.write(hello);
  await client.readUntil(Array.from(hello, (byte) => String.fromCharCode(byte)).join(""));
  return client;
}

/** Sends a text and waits until it has come back. @throws {Error} If it does not. */
export async function checkEcho(client: RawClient, text = "still here"): Promise<void> {
  await client.write(text);
  await client.readUntil(text);
}
