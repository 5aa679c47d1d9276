/**
 * Opens one connection to a server: TCP or a Unix socket, TLS on top for `https`, within one time
 * limit, given up at once when the client leaves. Whoever gets the connection closes it; what an
 * attempt that was given up still brings is closed here. Does I/O.
 *
 * @module
 */
import { formatAddress } from "../../base/addresses.ts";
import type { Clock } from "../../base/clock.ts";
import { errorText, Failure } from "../../base/failures.ts";
import { connect } from "../../upstream/connect.ts";
import type { Connection } from "../connection.ts";
import { startTls } from "./start_tls.ts";
import type { UpstreamServer } from "./upstream_server.ts";

/** What limits an attempt. */
export interface DialOptions {
  readonly clock: Clock;
  /** Aborts when the client leaves. */
  readonly signal: AbortSignal;
}

/**
 * Connects, and verifies the server if it is an `https` one.
 *
 * @param serverName A hostname or an IP address without brackets; counts for `https` only.
 * @throws {Failure} `upstream_unresolved`, `upstream_refused`, `upstream_connect_timeout`,
 * `upstream_tls`, `upstream_untrusted`, `exhausted` or `client_gone`.
 */
export async function dial(
  server: UpstreamServer,
  serverName: string,
  options: DialOptions,
): Promise<Connection> {
  const { clock, signal } = options;
  // Aborted when this attempt is over, so that its parts close what they hold.
  const givenUp = new AbortController();
  const stopped = Promise.withResolvers<never>();
  const onAbort = () => stopped.reject(new Failure("client_gone", "client left while connecting"));
  using _timer = clock.after(server.connectMs, () => stopped.reject(timeout(server)));
  signal.addEventListener("abort", onAbort, { once: true });
  const opening = open(server, serverName, { clock, signal: givenUp.signal });
  try {
    if (signal.aborted) onAbort();
    return await Promise.race([opening, stopped.promise]);
  } catch (error) {
    givenUp.abort();
    // Its failure is the one that is thrown, or came too late to matter.
    opening.then((connection) => connection.close(), () => {});
    if (error instanceof Failure) throw error;
    throw new Failure("upstream_refused", errorText(error), { cause: error });
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

async function open(
  server: UpstreamServer,
  serverName: string,
  options: DialOptions,
): Promise<Connection> {
  const { address, tls, connectMs } = server;
  const { clock, signal } = options;
  const connection = await connect(address, { clock, timeoutMs: connectMs, signal });
  if (tls === undefined) return connection;
  const { clientCertificate, trust } = tls;
  return await startTls(connection, trust, { serverName, clientCertificate, signal });
}

function timeout(server: UpstreamServer): Failure {
  const text = `Cannot connect to ${formatAddress(server.address)}: no answer within ` +
    `${server.connectMs} ms`;
  return new Failure("upstream_connect_timeout", text);
}
