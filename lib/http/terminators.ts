/**
 * The terminators that are open: per certificate one listener for clients that offer HTTP/2 and one
 * for the others, each opened on first use. A renewed certificate means another listener; the old
 * one stays until its last connection has gone, so that no connection is cut.
 *
 * @module
 */
import type { Clock, Timer } from "../base/clock.ts";
import { TERMINATOR_RETIREMENT_MS } from "../base/limits.ts";
import type { LoopbackServer } from "./loopback_server.ts";
import type { ListenerVersion } from "./open_loopback_server.ts";

/** What a terminator proves its hosts with. Another object is another certificate. */
export interface TerminatorCertificate {
  /** The leaf first. */
  readonly certPem: string;
  readonly keyPem: string;
}

/** A place at a terminator, held for as long as one connection to it is open. */
export interface TerminatorLease {
  readonly port: number;
  release(): void;
}

interface Terminator {
  readonly certificateId: string;
  readonly server: LoopbackServer;
  readonly certificate: TerminatorCertificate;
  leases: number;
  /** Ends a retired one whose last connection does not end. */
  retirement: Timer | undefined;
}

/** Opens a listener; `openLoopbackServer` with an application filled in. */
export type OpenTerminator = (
  certificateId: string,
  certificate: TerminatorCertificate,
  version: ListenerVersion,
) => LoopbackServer;

/** Opens and retires terminators; whoever creates it calls `shutdown`. */
export class Terminators {
  readonly #clock: Clock;
  readonly #openTerminator: OpenTerminator;
  readonly #current = new Map<string, Terminator>();
  readonly #open = new Set<Terminator>();
  #isShutDown = false;

  constructor(clock: Clock, openTerminator: OpenTerminator) {
    this.#clock = clock;
    this.#openTerminator = openTerminator;
  }

  /**
   * Leases the terminator of a certificate, opening it if there is none for exactly this one.
   *
   * @param certificateId Stays the same when the certificate is renewed.
   * @param alpn What the client offers (RFC 7301).
   * @throws {Error} If the listener cannot be opened, or all have been shut down.
   */
  lease(
    certificateId: string,
    certificate: TerminatorCertificate,
    alpn: readonly string[],
  ): TerminatorLease {
    if (this.#isShutDown) throw new Error("terminators are shut down");
    const version = alpn.includes("h2") ? "2" : "1.1";
    const key = `${version} ${certificateId}`;
    let terminator = this.#current.get(key);
    if (terminator === undefined || terminator.certificate !== certificate) {
      const server = this.#openTerminator(certificateId, certificate, version);
      if (terminator !== undefined) this.#retire(terminator);
      terminator = { certificateId, server, certificate, leases: 0, retirement: undefined };
      this.#current.set(key, terminator);
      this.#open.add(terminator);
    }
    return this.#leaseOf(terminator);
  }

  /** Retires the terminators of certificates that are no longer wanted. */
  keepOnly(certificateIds: ReadonlySet<string>): void {
    for (const [key, terminator] of this.#current) {
      if (certificateIds.has(terminator.certificateId)) continue;
      this.#current.delete(key);
      this.#retire(terminator);
    }
  }

  /** How many listeners are open, retired ones included. */
  get open(): number {
    return this.#open.size;
  }

  /** Lets requests in flight finish and closes every listener. */
  async shutdown(): Promise<void> {
    this.#isShutDown = true;
    this.#current.clear();
    await Promise.all([...this.#open].map((terminator) => this.#close(terminator)));
  }

  #leaseOf(terminator: Terminator): TerminatorLease {
    terminator.leases++;
    return {
      port: terminator.server.port,
      release: () => {
        terminator.leases--;
        if (terminator.retirement !== undefined && terminator.leases === 0) {
          void this.#close(terminator);
        }
      },
    };
  }

  #retire(terminator: Terminator): void {
    if (terminator.leases === 0) return void this.#close(terminator);
    terminator.retirement = this.#clock.after(
      TERMINATOR_RETIREMENT_MS,
      () => void this.#close(terminator),
    );
  }

  async #close(terminator: Terminator): Promise<void> {
    if (!this.#open.delete(terminator)) return;
    terminator.retirement?.cancel();
    await terminator.server.shutdown();
  }
}
