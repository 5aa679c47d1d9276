/**
 * The request of a health check: a small GET whose status is all that counts. On a connection of its
 * own, so that a server with idle ones left does not look better than it is. Does I/O.
 *
 * @module
 */
import { formatHostPort } from "../../base/addresses.ts";
import type { UpstreamClient } from "./upstream_client.ts";
import type { UpstreamServer } from "./upstream_server.ts";

/** What is asked. */
export interface HealthQuestion {
  readonly path: string;
  /** The Host header; undefined means the server's own address. */
  readonly host: string | undefined;
  /** To be aborted once the status is known: nobody reads the body. */
  readonly signal: AbortSignal;
}

/**
 * Asks a server.
 *
 * @returns The status of its answer, 200 to 599.
 * @throws {Failure} If there is none.
 */
export async function askHealth(
  client: Pick<UpstreamClient, "send">,
  server: UpstreamServer,
  { path, host, signal }: HealthQuestion,
): Promise<number> {
  const { status } = await client.send(server, {
    method: "GET",
    target: path,
    headers: [
      ["Host", host ?? hostOf(server)],
      ["User-Agent", "postern health check"],
      ["Accept", "*/*"],
      ["Connection", "close"],
    ],
    body: undefined,
    signal,
  });
  return status;
}

function hostOf({ address }: UpstreamServer): string {
  return address.kind === "tcp" ? formatHostPort(address.hostname, address.port) : "localhost";
}
