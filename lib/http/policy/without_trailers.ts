/**
 * A request's body without some of its trailers: a field that is dropped from the head, since nobody
 * vouches for it there, must not come behind the body, for servers may merge the two (RFC 9110
 * §6.5.1). Changes nothing else.
 *
 * @module
 */
import type { Body, HeaderLine } from "../message.ts";

/**
 * Returns the same body, whose trailers lack these names, however a client writes them.
 *
 * @param names In any case, with `-` or `_`.
 */
export function withoutTrailers(
  body: Body | undefined,
  names: readonly string[],
): Body | undefined {
  // One with a length has none.
  if (body === undefined || body.length !== undefined || names.length === 0) return body;
  return new BodyWithoutTrailers(body, new Set(names.map(dashed)));
}

class BodyWithoutTrailers implements Body {
  readonly length = undefined;
  readonly #body: Body;
  readonly #dropped: ReadonlySet<string>;

  constructor(body: Body, dropped: ReadonlySet<string>) {
    this.#body = body;
    this.#dropped = dropped;
  }

  get trailers(): readonly HeaderLine[] {
    return this.#body.trailers.filter(([name]) => !this.#dropped.has(dashed(name)));
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

/** Servers that hand headers on as variables (CGI, WSGI) cannot tell `_` from `-`, so neither does this. */
function dashed(name: string): string {
  return name.toLowerCase().replaceAll("_", "-");
}
