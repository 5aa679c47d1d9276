/**
 * `max_body_size`: refuses requests with larger bodies, before anything is read where the length is
 * known, else as soon as the limit is passed: the server then never sees a complete request. Input
 * comes from strangers.
 *
 * @module
 */
import { Failure } from "../../base/failures.ts";
import { BODY_TOO_LARGE } from "../answer.ts";
import type { Policy } from "../application.ts";
import type { Body, HeaderLine } from "../message.ts";
import { refuseRequest } from "../refusal.ts";
import { withFields } from "./with_fields.ts";

/** The policy: 413 (RFC 9110 §15.5.14). @param maxBytes A body of so many is let through. */
export function limitBody(maxBytes: number): Policy {
  return (exchange, next) => {
    const { body } = exchange;
    if (body === undefined) return next();
    if (body.length === undefined) {
      return next(withFields(exchange, { body: new LimitedBody(body, maxBytes) }));
    }
    if (body.length <= maxBytes) return next();
    body.cancel();
    return refuseRequest(exchange, { status: 413, reason: BODY_TOO_LARGE });
  };
}

/** A body of unknown length that fails once it has given more than it may. */
class LimitedBody implements Body {
  readonly length = undefined;
  readonly #body: Body;
  #left: number;

  constructor(body: Body, maxBytes: number) {
    this.#body = body;
    this.#left = maxBytes;
  }

  get trailers(): readonly HeaderLine[] {
    return this.#body.trailers;
  }

  get isTouched(): boolean {
    return this.#body.isTouched;
  }

  async read(target: Uint8Array): Promise<number> {
    const count = this.#left < 0 ? 0 : await this.#body.read(target);
    this.#left -= count;
    if (this.#left >= 0) return count;
    // Nothing of the piece that is too much is handed on, nor any end.
    this.cancel();
    throw new Failure("client_too_large", "body is larger than max_body_size");
  }

  cancel(): void {
    this.#body.cancel();
  }
}
