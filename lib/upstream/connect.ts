/**
 * Connects to one server and says in a machine's words why it could not. The caller closes what it
 * gets. Does I/O.
 *
 * @module
 */
import { type Address, formatAddress } from "../base/addresses.ts";
import type { Clock } from "../base/clock.ts";
import { errorText, Failure, type FailureKind } from "../base/failures.ts";
import { TimeLimitError, withTimeLimit } from "../base/time_limit.ts";
import type { SampleAddress } from "../config/config.ts";

/** How long an attempt may take. */
export interface ConnectOptions {
  readonly clock: Clock;
  /** Milliseconds for this attempt, name resolution included. */
  readonly timeoutMs: number;
  /** Calls the attempt off. */
  readonly signal?: AbortSignal;
}

/**
 * Connects over TCP (without Nagle's delay) or to a Unix socket.
 *
 * @throws {Failure} `upstream_unresolved`, `upstream_refused`, `upstream_connect_timeout`,
 * `exhausted`, or `client_gone` if the signal was aborted.
 */
export async function connect(
  address: Address | SampleAddress,
  options: ConnectOptions,
): Promise<Deno.Conn> {
  if (address.kind === "sample") throw new Failure("upstream_refused", "sample is not running");
  const attempt = new AbortController();
  try {
    return await withTimeLimit(open(address, attempt.signal), { ...options, discard: close });
  } catch (error) {
    // Or the kernel would go on trying, and hold a descriptor, for two minutes.
    attempt.abort();
    const kind = options.signal?.aborted ? "client_gone" : kindOf(error);
    const text = `Cannot connect to ${formatAddress(address)}: ${errorText(error)}`;
    throw new Failure(kind, text, { cause: error });
  }
}

async function open(address: Address, signal: AbortSignal): Promise<Deno.Conn> {
  if (address.kind === "unix") return await Deno.connect({ transport: "unix", path: address.path });
  const { hostname, port } = address;
  const connection = await Deno.connect({ hostname, port, signal });
  try {
    connection.setNoDelay();
    return connection;
  } catch (error) {
    connection.close();
    throw error;
  }
}

function close(connection: Deno.Conn): void {
  connection.close();
}

function kindOf(error: unknown): FailureKind {
  if (error instanceof TimeLimitError) return "upstream_connect_timeout";
  const text = errorText(error);
  if (/os error (?:23|24)\b/.test(text)) return "exhausted"; // ENFILE, EMFILE
  return /failed to lookup|resolve/i.test(text) ? "upstream_unresolved" : "upstream_refused";
}
