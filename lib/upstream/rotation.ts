/**
 * Whose turn it is: round robin over the servers of an upstream, then the others in order, so that
 * a caller whose connection fails has the next one to try.
 *
 * @module
 */

/** Counts turns per list of servers; a list that is no longer used takes its count along. */
export class Rotation {
  readonly #turns = new WeakMap<readonly unknown[], number>();

  /** Returns every server once, beginning with the one whose turn it is. */
  order<Server>(servers: readonly Server[]): readonly Server[] {
    if (servers.length < 2) return servers;
    const turn = this.#turns.get(servers) ?? 0;
    this.#turns.set(servers, (turn + 1) % servers.length);
    return [...servers.slice(turn), ...servers.slice(0, turn)];
  }
}
