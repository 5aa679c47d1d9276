/**
 * Balancing as the main isolate does it: keeps every upstream's turns and counts, for the HTTP plane
 * and both engines, and tells the splice engine's workers where in the shared memory they stand. Does
 * no I/O.
 *
 * @module
 */
import { Failure } from "../base/failures.ts";
import type { LoadBalance, ServerConfig } from "../config/config.ts";
import { hashClient } from "./client_hash.ts";
import { FlatUpstream, type UpstreamSource } from "./flat_upstream.ts";
import { NO_SERVER, ServerChooser } from "./server_chooser.ts";
import { ServerCells, ZERO_CELL } from "./server_cells.ts";
import { stickyKey } from "./sticky_key.ts";
import { formatServerName, healthKey, serverKey, type UpstreamGroup } from "./upstream_group.ts";

/** Algorithms that look at how much a server has open. */
const COUNTING: ReadonlySet<LoadBalance> = new Set(["least_conn", "random"]);

/** Who asks for a server. */
export interface Asker {
  /** The client's IP address, for `ip_hash`. */
  readonly client?: string;
  /** What the client's sticky cookie says, true or not. */
  readonly stickyKey?: string;
}

/** An upstream as the main isolate keeps it, and what it knows of its servers by position. */
interface KeptUpstream {
  readonly servers: readonly ServerConfig[];
  readonly upstream: FlatUpstream;
}

/** Chooses servers. Groups are known by the identity of their `servers`. */
export class Balancer {
  readonly cells: ServerCells = new ServerCells();
  readonly #chooser: ServerChooser;
  readonly #kept = new WeakMap<readonly ServerConfig[], KeptUpstream>();
  /** Cells that count; of one server that stands in two groups it is the same. */
  readonly #openCells = new WeakMap<ServerConfig, number>();
  readonly #stickyKeys = new WeakMap<ServerConfig, string>();
  #usesCounts = false;

  /** @param random Returns a number from 0 up to 1. */
  constructor(random: () => number = Math.random) {
    this.#chooser = new ServerChooser(random);
  }

  /**
   * Whether somebody looks at how much each server has open. Whatever is begun before that is so does
   * not count.
   */
  get usesCounts(): boolean {
    return this.#usesCounts;
  }

  /** Makes ready for the upstreams of a configuration, and forgets servers that are in none of them. */
  prepare(groups: readonly UpstreamGroup[]): void {
    const counts = new Set<string>();
    const flags = new Set<string>();
    for (const group of groups) {
      for (const server of group.servers) {
        counts.add(serverKey(server, group));
        const key = healthKey(server, group);
        if (key !== undefined) flags.add(key);
      }
    }
    this.cells.retain({ counts, flags });
    this.#usesCounts = groups.some(({ loadBalance, servers }) =>
      servers.length > 1 && COUNTING.has(loadBalance)
    );
    for (const group of groups) this.#keep(group);
  }

  /** Returns what workers need to choose among the same servers. */
  sourceOf(group: UpstreamGroup): UpstreamSource {
    const members = group.servers.map((server) => {
      const key = healthKey(server, group);
      return {
        weight: server.weight,
        isBackup: server.isBackup,
        openCell: this.cells.countCell(serverKey(server, group)),
        downCell: key === undefined ? ZERO_CELL : this.cells.flagCell(key),
        name: formatServerName(server),
      };
    });
    return { loadBalance: group.loadBalance, members };
  }

  /**
   * Yields servers to try, the first choice first; each is chosen when it is asked for. Servers that
   * are down are left out, and backups come when the others have been tried.
   */
  order(group: UpstreamGroup, asker: Asker = {}): Iterable<ServerConfig> {
    return this.#order(this.#kept.get(group.servers) ?? this.#keep(group), asker);
  }

  /**
   * The same for a group that was prepared, known by its servers; one that was not is taken in turn.
   *
   * @throws {Failure} `upstream_down` if no server is up.
   */
  orderServers(servers: readonly ServerConfig[], asker: Asker = {}): Iterable<ServerConfig> {
    const kept = this.#kept.get(servers) ?? this.#keep(plainGroup(servers));
    const { upstream } = kept;
    if (!servers.some((_, position) => upstream.isUp(position))) {
      throw new Failure("upstream_down", "no server is up");
    }
    // The usual case costs nothing.
    return servers.length === 1 ? servers : this.#order(kept, asker);
  }

  /** Returns what a sticky cookie says of a server. */
  stickyKeyOf(server: ServerConfig): string {
    let key = this.#stickyKeys.get(server);
    if (key === undefined) {
      key = stickyKey(formatServerName(server));
      this.#stickyKeys.set(server, key);
    }
    return key;
  }

  /** Counts a connection or request that a server has from now on. */
  begin(server: ServerConfig): void {
    this.cells.add(this.#openCellOf(server), 1);
  }

  /** Counts its end: once for each {@linkcode Balancer.begin}. */
  end(server: ServerConfig): void {
    this.cells.add(this.#openCellOf(server), -1);
  }

  *#order({ servers, upstream }: KeptUpstream, asker: Asker): Generator<ServerConfig, void> {
    const client = upstream.needsClient ? hashClient(asker.client ?? "") : 0;
    const tried: number[] = [];
    let position = this.#stickyPosition({ servers, upstream }, asker.stickyKey);
    if (position === NO_SERVER) position = this.#chooser.choose(upstream, client);
    while (position !== NO_SERVER) {
      yield servers[position];
      tried.push(position);
      position = this.#chooser.choose(upstream, client, tried);
    }
  }

  #stickyPosition({ servers, upstream }: KeptUpstream, key: string | undefined): number {
    if (key === undefined) return NO_SERVER;
    const position = servers.findIndex((server) => this.stickyKeyOf(server) === key);
    return position >= 0 && upstream.isUp(position) ? position : NO_SERVER;
  }

  #openCellOf(server: ServerConfig): number {
    let cell = this.#openCells.get(server);
    if (cell === undefined) {
      cell = this.cells.countCell(serverKey(server, plainGroup([server])));
      this.#openCells.set(server, cell);
    }
    return cell;
  }

  #keep(group: UpstreamGroup): KeptUpstream {
    const source = this.sourceOf(group);
    const upstream = FlatUpstream.of(source, this.cells.memory);
    const kept = { servers: group.servers, upstream };
    this.#kept.set(group.servers, kept);
    group.servers.forEach((server, position) => {
      this.#openCells.set(server, source.members[position].openCell);
    });
    return kept;
  }
}

/** Servers of which nothing else is known. */
function plainGroup(servers: readonly ServerConfig[]): UpstreamGroup {
  const upstreamTls = {
    serverName: undefined,
    caFile: undefined,
    fingerprint: undefined,
    insecureSkipVerify: false,
  };
  return {
    servers,
    loadBalance: "round_robin",
    healthCheck: undefined,
    upstreamTls,
    isPlainHttp: false,
  };
}
