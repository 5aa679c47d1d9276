/**
 * What a worker does with a connection once its route is known, as one piece of shared memory next to
 * the flat route table: a reload hands workers two buffers instead of a copy of the configuration.
 * Nothing in it changes but whose turn it is and which terminators are open. Pure.
 *
 *     header     counts
 *     places     one for port 80, then one for each of `RouteTable.matches`: its route, its terminator
 *     routes     what to do, time limits, where its servers begin, where its upstream begins
 *     servers    their identity, PROXY header, where their addresses begin
 *     addresses  length and bytes of a `struct sockaddr`
 *     upstreams  how a server is chosen, see `FlatUpstream`
 *
 * @module
 */
import { TIMER_MAX_MS } from "../../base/clock.ts";
import type { ProxyProtocolVersion, RouteConfig, RouteSource } from "../../config/config.ts";
import { SOCKADDR_MAX_BYTES, socketFamily } from "../../linux/socket_address.ts";
import type { Match } from "../../route/route_table.ts";
import {
  encodeFlatUpstream,
  FlatUpstream,
  type UpstreamSource,
} from "../../upstream/flat_upstream.ts";

/** What to do with a connection, see `Decision` in lib/route. */
export const ACTION = { relay: 1, terminate: 2, reject: 3 } as const;

/** The place of the application behind port 80: it has no route. */
export const PLAIN_HTTP_PLACE = 0;

/** The PROXY header that is sent, by the number that stands for it. */
export const PROXY_VERSIONS: readonly ProxyProtocolVersion[] = ["off", "v1", "v2"];

/** Whose address servers see, by the number that stands for it; 0 is Postern's. */
export const SOURCES: readonly RouteSource[] = ["proxy", "client", "client_or_proxy"];

/** A server with what the control plane found out about it. */
export interface PlannedServer {
  /** What the worker calls it in its reports. */
  readonly id: number;
  readonly proxyProtocol: ProxyProtocolVersion;
  /** Each a whole `struct sockaddr`; none if the name could not be resolved. */
  readonly addresses: readonly Uint8Array[];
}

/** What is encoded. */
export interface PlanSource {
  /** As in `RouteTable.matches`. */
  readonly matches: readonly Match[];
  /** Returns the servers of a passthrough route in the order of the file. */
  serversOf(route: RouteConfig): readonly PlannedServer[];
  /** Returns how one of them is chosen. */
  upstreamOf(route: RouteConfig): UpstreamSource;
}

const HEADER_WORDS = 8;
const PLACES = 0;
const ROUTES = 1;
const SERVERS = 2;
const ADDRESSES = 3;
/** Words of all upstreams. */
const UPSTREAMS = 4;

const PLACE_WORDS = 2;
const PLACE_TERMINATOR = 1;

const ROUTE_WORDS = 8;
const ROUTE_ACTION = 0;
const ROUTE_INDEX = 1;
const ROUTE_SERVERS = 2;
const ROUTE_SERVER_COUNT = 3;
const ROUTE_CONNECT_MS = 4;
const ROUTE_IDLE_MS = 5;
const ROUTE_UPSTREAM = 6;
const ROUTE_SOURCE = 7;

const SERVER_WORDS = 4;
const SERVER_ID = 0;
const SERVER_PROXY = 1;
const SERVER_ADDRESSES = 2;
const SERVER_ADDRESS_COUNT = 3;

const ADDRESS_WORDS = 1 + Math.ceil(SOCKADDR_MAX_BYTES / 4);

/** Encodes a plan. */
export function encodeFlatPlan(
  { matches, serversOf, upstreamOf }: PlanSource,
): SharedArrayBuffer {
  const routes = [...new Set(matches.map(({ route }) => route))];
  const numbers = new Map(routes.map((route, number) => [route, number]));
  const servers = routes.map((route) => route.mode === "passthrough" ? serversOf(route) : []);
  const upstreams = routes.map((route) =>
    route.mode === "passthrough" ? encodeFlatUpstream(upstreamOf(route)) : NO_UPSTREAM
  );
  const counts = [
    1 + matches.length,
    routes.length,
    servers.reduce((sum, each) => sum + each.length, 0),
    servers.flat().reduce((sum, { addresses }) => sum + addresses.length, 0),
    upstreams.reduce((sum, { length }) => sum + length, 0),
  ];
  const layout = layOut(counts);
  const words = new Int32Array(new SharedArrayBuffer(4 * layout.words));
  words.set(counts);
  matches.forEach(({ route }, index) => {
    words[layout.places + placeOf(index) * PLACE_WORDS] = numbers.get(route)!;
  });
  new PlanWriter(words, layout).writeRoutes(routes, servers, upstreams);
  return words.buffer;
}

const NO_UPSTREAM = new Int32Array();

/** Returns the place of a position in `RouteTable.matches`. */
export function placeOf(match: number): number {
  return match + 1;
}

/** Where the parts begin, in words. */
interface Layout {
  readonly places: number;
  readonly routes: number;
  readonly servers: number;
  readonly addresses: number;
  readonly upstreams: number;
  /** Of everything. */
  readonly words: number;
}

function layOut(counts: ArrayLike<number>): Layout {
  const places = HEADER_WORDS;
  const routes = places + counts[PLACES] * PLACE_WORDS;
  const servers = routes + counts[ROUTES] * ROUTE_WORDS;
  const addresses = servers + counts[SERVERS] * SERVER_WORDS;
  const upstreams = addresses + counts[ADDRESSES] * ADDRESS_WORDS;
  const words = upstreams + counts[UPSTREAMS];
  return { places, routes, servers, addresses, upstreams, words };
}

/** Writes records one behind the other. */
class PlanWriter {
  readonly #words: Int32Array<SharedArrayBuffer>;
  readonly #layout: Layout;
  #server = 0;
  #address = 0;
  #upstream: number;

  constructor(words: Int32Array<SharedArrayBuffer>, layout: Layout) {
    this.#words = words;
    this.#layout = layout;
    this.#upstream = layout.upstreams;
  }

  writeRoutes(
    routes: readonly RouteConfig[],
    servers: readonly (readonly PlannedServer[])[],
    upstreams: readonly Int32Array[],
  ): void {
    routes.forEach((route, number) => {
      this.#words.set([
        actionOf(route),
        route.index,
        this.#server,
        servers[number].length,
        Math.min(route.timeouts.connectMs, TIMER_MAX_MS),
        Math.min(route.timeouts.idleMs, TIMER_MAX_MS),
        this.#upstream,
        SOURCES.indexOf(route.source),
      ], this.#layout.routes + number * ROUTE_WORDS);
      this.#words.set(upstreams[number], this.#upstream);
      this.#upstream += upstreams[number].length;
      servers[number].forEach((server) => this.#writeServer(server));
    });
  }

  #writeServer({ id, proxyProtocol, addresses }: PlannedServer): void {
    const version = PROXY_VERSIONS.indexOf(proxyProtocol);
    this.#words.set(
      [id, version, this.#address, addresses.length],
      this.#layout.servers + this.#server++ * SERVER_WORDS,
    );
    for (const address of addresses) {
      const at = this.#layout.addresses + this.#address++ * ADDRESS_WORDS;
      this.#words[at] = address.length;
      new Uint8Array(this.#words.buffer, 4 * (at + 1), address.length).set(address);
    }
  }
}

function actionOf({ mode }: RouteConfig): number {
  if (mode === "passthrough") return ACTION.relay;
  return mode === "reject" ? ACTION.reject : ACTION.terminate;
}

/** Reads a plan. Every argument is a number that another method returned, or a place. */
export class FlatPlan {
  readonly #words: Int32Array<SharedArrayBuffer>;
  readonly #bytes: Uint8Array<SharedArrayBuffer>;
  readonly #layout: Layout;
  readonly #cells: Int32Array<SharedArrayBuffer>;
  /** By route; made when it is used for the first time. */
  readonly #upstreams: (FlatUpstream | undefined)[];

  /** @param cells The memory of `ServerCells`. */
  constructor(memory: SharedArrayBuffer, cells: SharedArrayBuffer) {
    this.#cells = new Int32Array(cells);
    this.#words = new Int32Array(memory);
    this.#bytes = new Uint8Array(memory);
    this.#layout = layOut(this.#words);
    // Of its length from the start: routes come in any order, and a sparse array would be a hash table.
    this.#upstreams = new Array(this.#words[ROUTES]);
  }

  /** Returns the route of a place, but not of {@linkcode PLAIN_HTTP_PLACE}. */
  routeOf(place: number): number {
    return this.#words[this.#layout.places + place * PLACE_WORDS];
  }

  /**
   * Where the slot number of a place's terminator stands, for both sides to read and write: 0 says
   * that there is none, see `TerminatorBoard`.
   */
  terminatorCell(place: number): number {
    return this.#layout.places + place * PLACE_WORDS + PLACE_TERMINATOR;
  }

  /** What {@linkcode FlatPlan.terminatorCell} is a position in. */
  get cells(): Int32Array<SharedArrayBuffer> {
    return this.#words;
  }

  /** Returns one of {@linkcode ACTION}. */
  action(route: number): number {
    return this.#route(route, ROUTE_ACTION);
  }

  /** Returns the route's position in the file. */
  routeIndex(route: number): number {
    return this.#route(route, ROUTE_INDEX);
  }

  /** Returns the limit of one attempt to connect, in milliseconds. */
  connectMs(route: number): number {
    return this.#route(route, ROUTE_CONNECT_MS);
  }

  /** Returns the limit without a byte either way, in milliseconds. */
  idleMs(route: number): number {
    return this.#route(route, ROUTE_IDLE_MS);
  }

  /** Returns a position in {@linkcode SOURCES}. */
  source(route: number): number {
    return this.#route(route, ROUTE_SOURCE);
  }

  /** Returns how many servers a route has. */
  serverCount(route: number): number {
    return this.#route(route, ROUTE_SERVER_COUNT);
  }

  /** Returns how a server of a passthrough route is chosen. */
  upstream(route: number): FlatUpstream {
    return this.#upstreams[route] ??= new FlatUpstream(
      this.#words,
      this.#route(route, ROUTE_UPSTREAM),
      this.#cells,
    );
  }

  /** Counts a connection to a server, or takes one back. @param openCell Of its `FlatUpstream`. */
  addOpen(openCell: number, amount: number): void {
    Atomics.add(this.#cells, openCell, amount);
  }

  /** Returns a server of a route. @param position 0 to the count of servers less 1. */
  server(route: number, position: number): number {
    return this.#route(route, ROUTE_SERVERS) + position;
  }

  /** Returns what a server is called in reports. */
  serverId(server: number): number {
    return this.#server(server, SERVER_ID);
  }

  /** Returns a position in {@linkcode PROXY_VERSIONS}. */
  proxyVersion(server: number): number {
    return this.#server(server, SERVER_PROXY);
  }

  /** Returns how many addresses a server has. */
  addressCount(server: number): number {
    return this.#server(server, SERVER_ADDRESS_COUNT);
  }

  /** Says whether a server has an address of a family: one of `FAMILY`. */
  hasFamily(server: number, family: number): boolean {
    const first = this.#server(server, SERVER_ADDRESSES);
    const end = first + this.addressCount(server);
    for (let address = first; address < end; address++) {
      const start = 4 * (this.#layout.addresses + address * ADDRESS_WORDS + 1);
      if (socketFamily(this.#bytes.subarray(start, start + 2)) === family) return true;
    }
    return false;
  }

  /** Copies an address. @returns Its length in bytes. */
  copyAddress(server: number, position: number, into: Uint8Array): number {
    const address = this.#server(server, SERVER_ADDRESSES) + position;
    const at = this.#layout.addresses + address * ADDRESS_WORDS;
    const length = this.#words[at];
    const start = 4 * (at + 1);
    for (let index = 0; index < length; index++) into[index] = this.#bytes[start + index];
    return length;
  }

  #route(route: number, field: number): number {
    return this.#words[this.#layout.routes + route * ROUTE_WORDS + field];
  }

  #server(server: number, field: number): number {
    return this.#words[this.#layout.servers + server * SERVER_WORDS + field];
  }
}
