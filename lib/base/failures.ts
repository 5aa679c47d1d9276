/**
 * What can go wrong on the way to an upstream: whose fault it is, whether another try may help, and
 * what the client is told. The one place that turns a failure into a status.
 *
 * @module
 */

/** Who would have to change something. */
export type Fault = "client" | "upstream" | "self";

interface FailureFacts {
  readonly fault: Fault;
  /** Nothing has reached the upstream's application: the same work may be done elsewhere. */
  readonly retryable: boolean;
  /** The HTTP status the client gets, if it can still get one. */
  readonly status: number;
}

/** Every kind of failure with its facts. */
export const FAILURES = {
  /** Health says that no server is up: nothing was tried. */
  upstream_down: { fault: "upstream", retryable: false, status: 503 },
  upstream_unresolved: { fault: "upstream", retryable: true, status: 502 },
  upstream_refused: { fault: "upstream", retryable: true, status: 502 },
  upstream_connect_timeout: { fault: "upstream", retryable: true, status: 504 },
  upstream_tls: { fault: "upstream", retryable: true, status: 502 },
  upstream_untrusted: { fault: "upstream", retryable: true, status: 502 },
  /** A reused connection was closed before one byte of an answer came. */
  upstream_stale: { fault: "upstream", retryable: true, status: 502 },
  upstream_closed: { fault: "upstream", retryable: false, status: 502 },
  upstream_timeout: { fault: "upstream", retryable: false, status: 504 },
  upstream_malformed: { fault: "upstream", retryable: false, status: 502 },
  /** The answer's head or framing is over a limit of `limits.ts`. */
  upstream_too_large: { fault: "upstream", retryable: false, status: 502 },
  /** Descriptors or memory ran out on this side. */
  exhausted: { fault: "self", retryable: false, status: 503 },
  client_gone: { fault: "client", retryable: false, status: 499 },
  /** It sent nothing more of its request's body for too long (RFC 9110 §15.5.9). */
  client_silent: { fault: "client", retryable: false, status: 408 },
  client_malformed: { fault: "client", retryable: false, status: 400 },
  /** The body is over `max_body_size`, which its length did not tell beforehand. */
  client_too_large: { fault: "client", retryable: false, status: 413 },
} as const satisfies Record<string, FailureFacts>;

/** The kind of a failure. */
export type FailureKind = keyof typeof FAILURES;

/** An error that says what a machine needs to know in fields and what a person needs in `message`. */
export class Failure extends Error {
  override readonly name = "Failure";
  readonly kind: FailureKind;

  /** @param message For the log; never sent to a client. */
  constructor(kind: FailureKind, message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
  }

  get fault(): Fault {
    return FAILURES[this.kind].fault;
  }

  get retryable(): boolean {
    return FAILURES[this.kind].retryable;
  }

  get status(): number {
    return FAILURES[this.kind].status;
  }
}

/** Returns the text of anything that was thrown. */
export function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
