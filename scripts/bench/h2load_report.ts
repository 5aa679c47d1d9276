/**
 * What h2load prints at its end. Pure.
 *
 * @module
 */

/** Figures and facts of one run. */
export interface H2loadReport {
  readonly requestsSucceeded: number;
  /** Answers with a status from 200 to 299. */
  readonly answers2xx: number;
  /** From the first connection to the last answer. */
  readonly requestsPerSecond: number;
  /** What ALPN agreed on: `h2`, `http/1.1`; undefined if h2load does not say. */
  readonly applicationProtocol: string | undefined;
  /** `TLSv1.3 TLS_AES_256_GCM_SHA384`; undefined if h2load does not say. */
  readonly cipher: string | undefined;
}

/** Parses the output of h2load. @throws {Error} If it has not come to its end. */
export function parseH2loadReport(output: string): H2loadReport {
  const requests = /^requests: .*?(\d+) succeeded/m.exec(output);
  const rate = /^finished in \S+, ([\d.]+) req\/s/m.exec(output);
  const statuses = /^status codes: (\d+) 2xx/m.exec(output);
  if (requests === null || statuses === null || rate === null) {
    throw new Error(`h2load did not finish:\n${output.trim()}`);
  }
  const protocol = /^TLS Protocol: (\S+)$/m.exec(output)?.[1];
  const cipher = /^Cipher: (\S+)$/m.exec(output)?.[1];
  return {
    requestsSucceeded: Number(requests[1]),
    answers2xx: Number(statuses[1]),
    requestsPerSecond: Number(rate[1]),
    applicationProtocol: /^Application protocol: (\S+)$/m.exec(output)?.[1],
    cipher: protocol === undefined || cipher === undefined ? undefined : `${protocol} ${cipher}`,
  };
}
