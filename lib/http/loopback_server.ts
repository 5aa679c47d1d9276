/**
 * What a loopback listener behind the relay is, whichever engine reads from it: with a certificate it
 * is a terminator, without one it is the plain HTTP server of port 80. And what both engines answer
 * when there is no exchange to hand to an application.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";
import type { Counters } from "../base/counters.ts";
import { errorText } from "../base/failures.ts";
import type { Log } from "../base/log.ts";
import type { Sampler } from "../base/sampler.ts";
import type { AddressBook } from "../hop/address_book.ts";
import { plainAnswer } from "./answer.ts";
import type { Application } from "./application.ts";
import type { Answer } from "./message.ts";

/** What every loopback server works with. */
export interface LoopbackEnvironment {
  readonly book: AddressBook;
  readonly clock: Clock;
  readonly counters: Counters;
  readonly log: Log;
  readonly sampler: Sampler;
}

/** What a listener serves. */
export interface LoopbackOptions {
  readonly application: Application;
  readonly environment: LoopbackEnvironment;
  /** PEM chain and key; undefined for plain HTTP. */
  readonly certificate: { readonly certPem: string; readonly keyPem: string } | undefined;
  /** Called with the port of each listener that is opened, before its first connection. */
  readonly onListen?: (port: number) => void;
}

/** A listener that is open. */
export interface LoopbackServer {
  readonly port: number;
  /** Lets requests in flight finish, ends idle connections, then closes. Resolves when all is closed. */
  shutdown(): Promise<void>;
}

/**
 * Any process of the host can connect to a loopback port. It is not a client that the relay has
 * accepted, no policy has seen it, and so it gets nothing.
 *
 * @param ip Where it connects from.
 * @returns The answer, after which the connection is to be closed.
 */
export function refuseUnknownHop(
  { counters, log, sampler }: LoopbackEnvironment,
  ip: string,
): Answer {
  counters.add("hop_unknown");
  const heldBack = sampler.admit("hop_unknown");
  if (heldBack !== undefined) {
    log.warn("Refused a request that did not come through the relay", { from: ip, heldBack });
  }
  return plainAnswer(403, "This port is not public", [["Connection", "close"]]);
}

/** Reports a defect of our own. @returns The answer, without a body. */
export function answerDefect({ log, sampler }: LoopbackEnvironment, error: unknown): Answer {
  const heldBack = sampler.admit("http_defect");
  if (heldBack !== undefined) {
    log.error("Cannot answer request", { error: errorText(error), heldBack });
  }
  return { status: 500, reason: "", headers: [], body: undefined };
}
