/**
 * The challenges that are shown at this moment: port 80 looks up here what to answer a CA. A token is
 * shown for its own host only, so that nobody who controls another name can have it answered there.
 * Does no I/O.
 *
 * @module
 */

/** Answers by host and token. */
export class ChallengesShown {
  /** The key is unambiguous: a hostname has no slash. */
  readonly #shown = new Map<string, { readonly keyAuthorization: string }>();

  /**
   * Shows the answer to a challenge until what is returned is disposed of.
   *
   * @param host Normalized hostname.
   * @param token As the CA gave it.
   * @param keyAuthorization The whole body of the answer (RFC 8555 §8.3).
   */
  show(host: string, token: string, keyAuthorization: string): Disposable {
    const key = `${host}/${token}`;
    const entry = { keyAuthorization };
    this.#shown.set(key, entry);
    return {
      [Symbol.dispose]: () => {
        if (this.#shown.get(key) === entry) this.#shown.delete(key);
      },
    };
  }

  /**
   * Finds the answer for `/.well-known/acme-challenge/<token>`.
   *
   * @param host Normalized hostname of the request.
   * @returns The body; undefined if this token is not shown for this host now.
   */
  answer(host: string, token: string): string | undefined {
    return this.#shown.get(`${host}/${token}`)?.keyAuthorization;
  }

  /** How many challenges are shown. */
  get size(): number {
    return this.#shown.size;
  }
}
