/**
 * The sample servers over all configurations of a process: opened when a route first asks for them,
 * and again, beside those that are open, when further hostnames need another certificate. What was
 * opened stays, since connections may use it. Does I/O. Whoever makes it closes it.
 *
 * @module
 */
import type { RouteConfig } from "../config/config.ts";
import type { Store } from "../state/store.ts";
import { makeSampleCertificate } from "./sample_certificate.ts";
import { openSampleServers, type SampleServers } from "./sample_servers.ts";
import { sampleNames, wantsSamples, withSamples } from "./with_samples.ts";

/** See the module. */
export class Samples {
  readonly #store: Store;
  /** The last ones are used by new connections. */
  readonly #opened: SampleServers[] = [];
  /** In the certificate of the last ones. */
  #names: ReadonlySet<string> = new Set();

  /** @param store Takes the certificate of the TLS sample. */
  constructor(store: Store) {
    this.#store = store;
  }

  /**
   * Returns the routes with addresses in place of `sample`, opening what that takes.
   *
   * @throws {StateError} If the certificate cannot be written.
   * @throws {Error} If a listener cannot be opened.
   */
  async fillIn(routes: readonly RouteConfig[]): Promise<readonly RouteConfig[]> {
    if (!wantsSamples(routes)) return routes;
    const names = new Set(sampleNames(routes));
    if (!names.isSubsetOf(this.#names)) {
      const all = this.#names.union(names);
      this.#opened.push(openSampleServers(await makeSampleCertificate(this.#store, [...all])));
      this.#names = all;
    }
    return withSamples(routes, this.#opened.at(-1)!);
  }

  /** Lets answers under way finish and closes every server. */
  async close(): Promise<void> {
    await Promise.all(this.#opened.splice(0).map((servers) => servers.close()));
  }
}
