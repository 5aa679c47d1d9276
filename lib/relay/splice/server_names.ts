/**
 * The addresses of servers, found out ahead of time: a worker never waits for a name. Names are resolved
 * with the host's resolver (/etc/hosts included), again every 30 s; what could not be resolved keeps
 * the addresses it had. Does I/O; whoever makes it closes it.
 *
 * @module
 */
import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import type { Clock, Timer } from "../../base/clock.ts";
import { RESOLVE_PAUSE_MS, RESOLVE_TIMEOUT_MS, SERVER_ADDRESSES_MAX } from "../../base/limits.ts";
import { withTimeLimit } from "../../base/time_limit.ts";

/** Finds the IP addresses of a name. @throws {Error} If there are none. */
export type ResolveName = (name: string) => Promise<readonly string[]>;

/** How names are resolved. */
export interface ServerNamesOptions {
  readonly clock: Clock;
  /** Default: the host's resolver. */
  readonly resolve?: ResolveName;
  /** Called after a later look, if an address has changed. */
  readonly onChange: () => void;
}

/** Names that are in use, and their addresses. */
export class ServerNames {
  readonly #options: ServerNamesOptions;
  readonly #resolve: ResolveName;
  /** By name; undefined until it could be resolved. */
  #addresses = new Map<string, readonly string[] | undefined>();
  #timer: Timer | undefined;

  constructor(options: ServerNamesOptions) {
    this.#options = options;
    this.#resolve = options.resolve ?? resolveByHost;
  }

  /** Watches these names instead of others. Resolves once each new one has been looked up. */
  async use(hostnames: Iterable<string>): Promise<void> {
    const names = [...new Set(hostnames)].filter((name) => isIP(name) === 0);
    const before = this.#addresses;
    this.#addresses = new Map(names.map((name) => [name, before.get(name)]));
    await this.#lookUp(names.filter((name) => before.get(name) === undefined));
    if (names.length > 0) this.#timer ??= this.#wait();
  }

  /** Returns the addresses of a name; none if they are not known. An IP address is its own. */
  addressesOf(hostname: string): readonly string[] {
    if (isIP(hostname) !== 0) return [hostname];
    return this.#addresses.get(hostname) ?? [];
  }

  /** Looks no more. */
  close(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#addresses.clear();
  }

  #wait(): Timer {
    return this.#options.clock.after(RESOLVE_PAUSE_MS, () => void this.#lookAgain());
  }

  async #lookAgain(): Promise<void> {
    const hasChanged = await this.#lookUp([...this.#addresses.keys()]);
    if (hasChanged) this.#options.onChange();
    this.#timer = this.#addresses.size > 0 ? this.#wait() : undefined;
  }

  /** @returns Whether anything is different. */
  async #lookUp(names: readonly string[]): Promise<boolean> {
    const changes = await Promise.all(names.map((name) => this.#lookUpOne(name)));
    return changes.includes(true);
  }

  async #lookUpOne(name: string): Promise<boolean> {
    try {
      const { clock } = this.#options;
      const found = await withTimeLimit(this.#resolve(name), {
        clock,
        timeoutMs: RESOLVE_TIMEOUT_MS,
        discard: () => {},
      });
      const addresses = found.slice(0, SERVER_ADDRESSES_MAX);
      const isKnown = setOf(this.#addresses.get(name) ?? []) === setOf(addresses);
      // Another configuration may have dropped the name meanwhile.
      if (isKnown || !this.#addresses.has(name)) return false;
      this.#addresses.set(name, addresses);
      return true;
    } catch {
      // What was known may still be right. If nothing was, connections say so.
      return false;
    }
  }
}

async function resolveByHost(name: string): Promise<readonly string[]> {
  const found = await lookup(name, { all: true });
  return found.map(({ address }) => address);
}

/** A resolver that turns its answers around changes nothing. */
function setOf(addresses: readonly string[]): string {
  return [...addresses].sort().join();
}
