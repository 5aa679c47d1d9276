/**
 * A body without some of its trailers: a field that is dropped from the head must not come behind the
 * body, for whoever gets it may merge the two (RFC 9110 §6.5.1). Changes nothing else.
 *
 * @module
 */
import type { Body, HeaderLine } from "../message.ts";
import { withoutNames } from "./without_names.ts";

/**
 * Returns the same body, whose trailers lack these names, however a client writes them.
 *
 * @param names In any case, with `-` or `_`.
 */
export function withoutTrailers<Given extends Body | undefined>(
  body: Given,
  names: readonly string[],
): Given | Body {
  // One with a length has none.
  if (body === undefined || body.length !== undefined || names.length === 0) return body;
  return new BodyWithoutTrailers(body, names);
}

class BodyWithoutTrailers implements Body {
  readonly length = undefined;
  readonly #body: Body;
  readonly #names: readonly string[];

  constructor(body: Body, names: readonly string[]) {
    this.#body = body;
    this.#names = names;
  }

  get trailers(): readonly HeaderLine[] {
    return withoutNames(this.#body.trailers, this.#names);
  }

  get isTouched(): boolean {
    return this.#body.isTouched;
  }

  read(target: Uint8Array): Promise<number> {
    return this.#body.read(target);
  }

  cancel(): void {
    this.#body.cancel();
  }
}
