/**
 * `openssl s_client` as a client of Postern: one handshake, and what it saw. Does I/O.
 *
 * @module
 */
import { formatHostPort, type TcpAddress } from "../../lib/base/addresses.ts";
import { withDeadline } from "./deadline.ts";
import { requireInstalled } from "./installed.ts";

/** Milliseconds for one handshake. */
const TIMEOUT_MS = 20_000;

/** What the client offers. */
export interface OpensslOptions {
  /** Default: no server name. */
  readonly serverName?: string;
  /** Further arguments, such as `-tls1_2` or `-alpn h2`. */
  readonly args?: readonly string[];
}

/** What it saw. */
export interface OpensslResult {
  /** Whether the handshake was finished. */
  readonly succeeded: boolean;
  /** Number of the alert that was received (RFC 8446 §6); undefined if there was none. */
  readonly alert: number | undefined;
  /** Everything it printed. */
  readonly output: string;
}

/** Shakes hands and leaves. */
export async function opensslConnect(
  to: TcpAddress,
  options: OpensslOptions = {},
): Promise<OpensslResult> {
  const { serverName, args = [] } = options;
  const name = serverName === undefined ? ["-noservername"] : ["-servername", serverName];
  const command = new Deno.Command(requireInstalled("openssl"), {
    args: ["s_client", "-connect", formatHostPort(to.hostname, to.port), ...name, ...args],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
  const child = command.spawn();
  try {
    const { stdout, stderr } = await withDeadline(
      child.output(),
      TIMEOUT_MS,
      () => `openssl s_client to ${formatHostPort(to.hostname, to.port)}`,
    );
    return readOutput(new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr));
  } catch (error) {
    child.kill("SIGKILL");
    throw error;
  }
}

function readOutput(output: string): OpensslResult {
  const alert = /SSL alert number (\d+)/.exec(output)?.[1];
  return {
    succeeded: /^New, TLSv1\.\d, Cipher is (?!\(NONE\))/m.test(output),
    alert: alert === undefined ? undefined : Number(alert),
    output,
  };
}
