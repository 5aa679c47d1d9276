/**
 * The terminators that are open: one listener per certificate, opened on first use. A renewed
 * certificate means another listener; the old one stays until its last connection has gone, so that no
 * connection is cut.
 *
 * @module
 */
import type { Clock, Timer } from "../base/clock.ts";
import { TERMINATOR_RETIREMENT_MS } from "../base/limits.ts";
import type { LoopbackServer } from "./loopback_server.ts";

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
  readonly server: LoopbackServer;
  readonly certificate: TerminatorCertificate;
  leases: number;
  /** Ends a retired one whose last connection does not end. */
  retirement: Timer | undefined;
}

/** Opens a listener; `openHttpServer` with an application filled in. */
export type OpenTerminator = (
  certificateId: string,
  certificate: TerminatorCertificate,
) => LoopbackServer;

/** Opens and retires terminators; whoever creates it calls `shutdown`. */
export class Terminators {
  readonly #clock: Clock;
  readonly #openTerminator: OpenTerminator;
  /** By the certificate's identity. */
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
   * @throws {Error} If the listener cannot be opened, or all have been shut down.
   */
  lease(certificateId: string, certificate: TerminatorCertificate): TerminatorLease {
    if (this.#isShutDown) throw new Error("terminators are shut down");
    let terminator = this.#current.get(certificateId);
    if (terminator === undefined || terminator.certificate !== certificate) {
      const server = this.#openTerminator(certificateId, certificate);
      if (terminator !== undefined) this.#retire(terminator);
      terminator = { server, certificate, leases: 0, retirement: undefined };
      this.#current.set(certificateId, terminator);
      this.#open.add(terminator);
    }
    return this.#leaseOf(terminator);
  }

  /** Retires the terminators of certificates that are no longer wanted. */
  keepOnly(certificateIds: ReadonlySet<string>): void {
    for (const [certificateId, terminator] of this.#current) {
      if (certificateIds.has(certificateId)) continue;
      this.#current.delete(certificateId);
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
