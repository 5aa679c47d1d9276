/**
 * Plans as the main isolate keeps them: encodes what workers get, knows what the numbers in their reports
 * mean, and remembers a plan for as long as a connection may still ask for one of its terminators.
 * Does no I/O.
 *
 * @module
 */
import { formatAddress } from "../../base/addresses.ts";
import { TERMINATOR_TIMEOUT_MS } from "../../base/limits.ts";
import type { RouteConfig, ServerConfig } from "../../config/config.ts";
import { encodeIpAddress, encodeUnixAddress } from "../../linux/socket_address.ts";
import { encodeFlatTable } from "../../route/flat_table.ts";
import type { Balancer } from "../../upstream/balancer.ts";
import { routeGroup } from "../../upstream/upstream_group.ts";
import type { RelayPlan } from "../relay_engine.ts";
import { encodeFlatPlan, FlatPlan, placeOf, type PlannedServer } from "./flat_plan.ts";
import type { LeasingPlan } from "./terminator_leases.ts";
import type { PlanMessage } from "./worker_plan.ts";

/** An encoded plan. */
export interface KeptPlan extends LeasingPlan {
  readonly source: RelayPlan;
  readonly message: PlanMessage;
  /** When another one took its place, in milliseconds; undefined if none has. */
  supersededAt: number | undefined;
}

/** The plans of one engine. */
export class Plans {
  readonly #addressesOf: (hostname: string) => readonly string[];
  readonly #balancer: Balancer;
  readonly #kept = new Map<number, KeptPlan>();
  /** Servers as texts, by their id; as many as were ever configured. */
  readonly #servers: string[] = [];
  readonly #serverIds = new Map<string, number>();
  #lastId = 0;

  /** @param addressesOf Returns what is known of a server's hostname. */
  constructor(addressesOf: (hostname: string) => readonly string[], balancer: Balancer) {
    this.#addressesOf = addressesOf;
    this.#balancer = balancer;
  }

  /** Encodes a plan. @param before The table of this one is used again if it is the same. */
  add(source: RelayPlan, before?: KeptPlan): KeptPlan {
    const { table, helloTimeoutMs } = source;
    const { matches } = table;
    const id = ++this.#lastId;
    const servers = this.#balancer.cells.memory;
    const decisions = encodeFlatPlan({
      matches,
      serversOf: (route) => this.#plan(route),
      upstreamOf: (route) => this.#balancer.sourceOf(routeGroup(route)),
    });
    const isSameTable = before?.source.table === table;
    const message: PlanMessage = {
      id,
      table: isSameTable ? before.message.table : encodeFlatTable(table),
      decisions,
      servers,
      helloTimeoutMs,
    };
    const kept: KeptPlan = {
      id,
      source,
      message,
      decisions: new FlatPlan(decisions, servers),
      matchOf: (place) => matches[place - placeOf(0)],
      supersededAt: undefined,
    };
    this.#kept.set(id, kept);
    return kept;
  }

  /** Marks a plan as superseded, and forgets those that no connection waits under any more. */
  supersede(plan: KeptPlan, nowMs: number): void {
    plan.supersededAt = nowMs;
    for (const { id, source, supersededAt } of this.#kept.values()) {
      if (supersededAt === undefined) continue;
      const keptMs = source.helloTimeoutMs + TERMINATOR_TIMEOUT_MS;
      if (nowMs - supersededAt > keptMs) this.#kept.delete(id);
    }
  }

  /** Returns a plan by its id; undefined if it has been forgotten. */
  get(id: number): KeptPlan | undefined {
    return this.#kept.get(id);
  }

  /** Returns a server as it stands in the configuration. */
  serverName(id: number): string {
    return this.#servers[id];
  }

  #plan(route: RouteConfig): PlannedServer[] {
    return route.servers.map((server) => ({
      id: this.#idOf(server),
      proxyProtocol: server.proxyProtocol,
      addresses: this.#encode(server),
    }));
  }

  #idOf({ address }: ServerConfig): number {
    const text = address.kind === "sample" ? "sample" : formatAddress(address);
    let id = this.#serverIds.get(text);
    if (id === undefined) {
      id = this.#servers.push(text) - 1;
      this.#serverIds.set(text, id);
    }
    return id;
  }

  #encode({ address }: ServerConfig): Uint8Array[] {
    switch (address.kind) {
      case "tcp":
        return this.#addressesOf(address.hostname)
          .map((ip) => encodeIpAddress(ip, address.port))
          .filter((encoded) => encoded !== undefined);
      case "unix": {
        const encoded = encodeUnixAddress(address.path);
        return encoded === undefined ? [] : [encoded];
      }
      case "sample":
        return [];
    }
  }
}

/** Lists the hostnames of a plan's servers that workers connect to. */
export function hostnamesOf({ table }: RelayPlan): string[] {
  return table.routes.flatMap((route) =>
    route.mode === "passthrough"
      ? route.servers.flatMap(({ address }) => address.kind === "tcp" ? [address.hostname] : [])
      : []
  );
}
