/**
 * One check of one server: does it let us in, or does it answer a small request as expected? Sends no
 * PROXY header and speaks no TLS to servers of passthrough routes: a connection is made and closed.
 * Does I/O.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";
import { errorText, Failure } from "../base/failures.ts";
import { withTimeLimit } from "../base/time_limit.ts";
import type {
  HealthCheckConfig,
  HealthProbe,
  ServerConfig,
  StatusRange,
} from "../config/config.ts";
import { connect } from "./connect.ts";

/** The request of a check of type `http`. */
export type HttpProbe = Extract<HealthProbe, { kind: "http" }>;

/**
 * Sends the request of a check.
 *
 * @param signal Aborted if the check is called off, and as soon as the status is known: what follows
 * it is of no interest.
 * @returns The status of the answer.
 * @throws {Error} If there is none.
 */
export type AskHttp = (
  server: ServerConfig,
  probe: HttpProbe,
  signal: AbortSignal,
) => Promise<number>;

/** What came of it. `unknown`: it could not be done, which says nothing of the server. */
export type ProbeResult =
  | { readonly kind: "good" }
  | { readonly kind: "bad"; readonly reason: string }
  | { readonly kind: "unknown"; readonly reason: string };

/** How to check. */
export interface ProbeOptions {
  readonly check: Pick<HealthCheckConfig, "probe" | "timeoutMs">;
  readonly clock: Clock;
  readonly askHttp: AskHttp;
  /** Calls the check off. */
  readonly signal: AbortSignal;
}

/** Checks a server. Never throws. */
export async function probeServer(
  server: ServerConfig,
  options: ProbeOptions,
): Promise<ProbeResult> {
  const { probe } = options.check;
  try {
    return probe.kind === "tcp"
      ? await probeTcp(server, options)
      : await probeHttp(server, probe, options);
  } catch (error) {
    const reason = errorText(error);
    const isOurs = error instanceof Failure && error.fault !== "upstream";
    return { kind: isOurs || options.signal.aborted ? "unknown" : "bad", reason };
  }
}

async function probeTcp(server: ServerConfig, options: ProbeOptions): Promise<ProbeResult> {
  const { check: { timeoutMs }, clock, signal } = options;
  const connection = await connect(server.address, { clock, timeoutMs, signal });
  connection.close();
  return { kind: "good" };
}

async function probeHttp(
  server: ServerConfig,
  probe: HttpProbe,
  options: ProbeOptions,
): Promise<ProbeResult> {
  const { askHttp, check: { timeoutMs }, clock, signal } = options;
  const attempt = new AbortController();
  try {
    const asking = askHttp(server, probe, AbortSignal.any([attempt.signal, signal]));
    const status = await withTimeLimit(asking, { clock, timeoutMs, signal, discard: () => {} });
    const isExpected = probe.statuses.some(({ from, to }) => from <= status && status <= to);
    if (isExpected) return { kind: "good" };
    return {
      kind: "bad",
      reason: `status ${status}, expected ${formatStatuses(probe.statuses)}`,
    };
  } finally {
    // The body, or whatever is still open when nobody waits any more.
    attempt.abort();
  }
}

/** Formats statuses as a person writes them: `200-399`, `204`. */
export function formatStatuses(ranges: readonly StatusRange[]): string {
  return ranges.map(({ from, to }) => from === to ? `${from}` : `${from}-${to}`).join(", ");
}
