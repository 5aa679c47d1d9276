/**
 * What is counted and said of a client that sends no usable ClientHello, the same in every engine.
 * Plain data.
 *
 * @module
 */
import type { CounterName } from "../base/counters.ts";

/** By what was found instead of a hello. */
export const HELLO_REFUSALS = {
  not_tls: { counter: "hello_not_tls", reason: "not TLS" },
  malformed: { counter: "hello_malformed", reason: "malformed ClientHello" },
  too_large: { counter: "hello_too_large", reason: "ClientHello too large" },
  closed: { counter: "hello_closed", reason: "left before its ClientHello was whole" },
  timeout: { counter: "hello_timeout", reason: "no whole ClientHello in time" },
} as const satisfies Readonly<Record<string, { counter: CounterName; reason: string }>>;
