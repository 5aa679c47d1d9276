/**
 * Refuses gRPC on an offload route: servers of gRPC speak HTTP/2 only, and the upstream client speaks
 * HTTP/1.1. A status in the head says so in gRPC's own way, and names what works. Pure.
 *
 * @module
 */
import type { Policy } from "../application.ts";
import { isFieldName } from "../http1/grammar.ts";
import type { Answer } from "../message.ts";
import { markRefused } from "../refusal.ts";

/** The media type with its variants, but not gRPC-Web, which HTTP/1.1 carries. */
const GRPC = /^application\/grpc(?:[+;]|$)/i;

/** A "trailers-only" answer of the gRPC protocol: status 12 is UNIMPLEMENTED. */
const REFUSAL: Answer = {
  status: 200,
  reason: "",
  headers: [
    ["Content-Type", "application/grpc"],
    ["grpc-status", "12"],
    ["grpc-message", "gRPC is not offloaded here: use mode passthrough"],
  ],
  body: undefined,
};

/** The policy. */
export const refuseGrpc: Policy = (exchange, next) => {
  for (const [name, value] of exchange.headers) {
    if (isFieldName(name, "content-type") && GRPC.test(value)) {
      return markRefused(REFUSAL, exchange, {
        reason: "gRPC is not offloaded",
        counter: undefined,
      });
    }
  }
  return next();
};
