/**
 * Which route a name belongs to: exact, else the one wildcard for its first label, else the
 * catch-all. Immutable, built once per configuration; a look-up costs two map reads at most. Pure.
 *
 * @module
 */
import { type HostPattern, normalizeHostname } from "../base/hostnames.ts";
import type { RouteConfig } from "../config/config.ts";

/** A route and the entry of its `hosts` that matched. */
export interface Match {
  readonly route: RouteConfig;
  readonly pattern: HostPattern;
}

/** Finds routes by name. */
export class RouteTable {
  /** In the order of the file. */
  readonly routes: readonly RouteConfig[];
  /** Every host of every route, in the order of the file: a number that workers can pass on. */
  readonly matches: readonly Match[];
  readonly #exact = new Map<string, Match>();
  readonly #wildcard = new Map<string, Match>();
  readonly #any: Match | undefined;

  /** @param routes A host stands at most once in them; the configuration has checked that. */
  constructor(routes: readonly RouteConfig[]) {
    this.routes = routes;
    this.matches = routes.flatMap((route) => route.hosts.map((pattern) => ({ route, pattern })));
    for (const match of this.matches) {
      const { pattern } = match;
      if (pattern.kind === "exact") this.#exact.set(pattern.name, match);
      else if (pattern.kind === "wildcard") this.#wildcard.set(pattern.name, match);
      else this.#any = match;
    }
  }

  /**
   * Finds the route of a server name or a host.
   *
   * @param name As a stranger sent it, or undefined if none was sent. An IP literal, and whatever
   * cannot be a hostname, is treated as no name: only the catch-all has it.
   */
  match(name: string | undefined): Match | undefined {
    const hostname = name === undefined ? undefined : normalizeHostname(name);
    if (hostname === undefined) return this.#any;
    const exact = this.#exact.get(hostname);
    if (exact !== undefined) return exact;
    const dot = hostname.indexOf(".");
    const wildcard = dot < 0 ? undefined : this.#wildcard.get(hostname.slice(dot + 1));
    return wildcard ?? this.#any;
  }
}
