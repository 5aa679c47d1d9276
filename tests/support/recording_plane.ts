/**
 * The whole HTTP plane of one offload route in front of a recording upstream, and clients that write
 * streams of bytes and read what they get. Each client has an address of its own, by which the upstream
 * knows whose requests it sees. Does I/O.
 *
 * @module
 */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { systemClock } from "../../lib/base/clock.ts";
import { Counters } from "../../lib/base/counters.ts";
import { silentLog } from "../../lib/base/log.ts";
import { Sampler } from "../../lib/base/sampler.ts";
import { encodeLatin1 } from "../../lib/http/http1/latin1.ts";
import type { LoopbackOptions } from "../../lib/http/loopback_server.ts";
import type { ProxyEnvironment } from "../../lib/http/proxy.ts";
import { createRouteApplication } from "../../lib/http/route_application.ts";
import { UpstreamClient } from "../../lib/http/upstream/upstream_client.ts";
import { prepareServer } from "../../lib/http/upstream/upstream_server.ts";
import { watchAnswer } from "../../lib/http/upstream/watch_answer.ts";
import { withDeadline } from "./deadline.ts";
import { makeRouteEnvironment } from "./exchanges.ts";
import { LIMIT_MS, LoopbackFixture, until } from "./loopback_fixture.ts";
import { type Answering, type RecordedRequest, RecordingUpstream } from "./recording_upstream.ts";
import { makeRoute, makeServer } from "./route_configs.ts";
import { readStrictAnswer, type StrictAnswer } from "./strict_answer.ts";
import type { StrictRequest } from "./strict_request.ts";

/** What Postern calls itself in `Via`. */
const VIA = "postern-test";

/** The plane and its upstream. */
export class RecordingPlane implements AsyncDisposable {
  readonly upstream: RecordingUpstream;
  readonly fixture: LoopbackFixture;
  readonly counters = new Counters();
  readonly client = new UpstreamClient({ clock: systemClock, counters: this.counters });
  #inFlight = 0;

  constructor(answering: Answering, options: Partial<LoopbackOptions>) {
    this.upstream = new RecordingUpstream(answering);
    const servers = [makeServer(this.upstream.port)];
    const route = makeRoute("offload", ["app.example.org"], { servers });
    const prepared = prepareServer(servers[0], {
      tls: route.upstreamTls,
      timeouts: route.timeouts,
    });
    const environment: ProxyEnvironment = {
      clock: systemClock,
      counters: this.counters,
      log: silentLog,
      sampler: new Sampler(systemClock),
      via: VIA,
      orderServers: (list) => list,
      stickyKeyOf: () => "0".repeat(16),
      send: (_server, request, sending) => {
        this.#inFlight++;
        return watchAnswer(this.client.send(prepared, request, sending), () => this.#inFlight--);
      },
    };
    const application = createRouteApplication(route, makeRouteEnvironment(environment));
    this.fixture = new LoopbackFixture({ ...options, application });
  }

  /** The requests of one client, in the order in which they came. */
  recordsOf(ip: string): RecordedRequest[] {
    return this.upstream.records.filter(({ request }) => clientOf(request) === ip);
  }

  /** Waits until nothing is in flight, and sees that nothing is left open or counted. */
  async expectNothingLeft(): Promise<void> {
    await this.fixture.settle();
    const describe = () => `${this.#inFlight} in flight, ${this.client.openConnections} open`;
    await until(() => this.#inFlight === 0, describe);
    await until(() => this.client.openConnections === this.client.idleConnections, describe);
    this.client.close();
    await until(() => this.upstream.open === 0, () => `${this.upstream.open} at the upstream`);
    assert.equal(this.client.openConnections, 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.fixture[Symbol.asyncDispose]();
    this.client.close();
    await this.upstream[Symbol.asyncDispose]();
  }
}

/** Whose request it is, as Postern says: the one line that nobody else can write. */
export function clientOf(request: StrictRequest): string {
  const values = valuesOf(request, "x-real-ip");
  assert.equal(values.length, 1, `${values.length} of X-Real-IP`);
  assert.equal(valuesOf(request, "via").at(-1)?.endsWith(` ${VIA}`), true, "Via");
  return values[0];
}

/** The values of all lines of a name in lower case. */
export function valuesOf({ headers }: Pick<StrictRequest, "headers">, wanted: string): string[] {
  return headers.filter(([name]) => name.toLowerCase() === wanted).map(([, value]) => value);
}

/** What a client does. */
export interface ClientPlay {
  readonly ip: string;
  /** Latin1. */
  readonly text: string;
  /** Rising ends of the pieces in which the text is written. */
  readonly cuts: readonly number[];
  /** The methods of the requests that are answered if all goes well. */
  readonly methods: readonly string[];
  /** Leaves when all is written, without reading an answer. */
  readonly leaves: boolean;
}

/** Plays a client. @returns Its final answers in order; one may be cut off. */
export async function playClient(plane: RecordingPlane, play: ClientPlay): Promise<StrictAnswer[]> {
  const { fixture } = plane;
  const { connection, slot } = await openHop(plane, play.ip);
  try {
    const writing = writePieces(connection, play);
    if (play.leaves) {
      await writing;
      return [];
    }
    const reading = readAnswers(connection, play.methods, writing);
    return await withDeadline(reading, LIMIT_MS, () => `answers to ${JSON.stringify(play.text)}`);
  } finally {
    connection.close();
    fixture.book.close(slot, systemClock.monotonic());
  }
}

/** Connects as the relay does: a port that the book still holds is kept aside, and dialled past. */
async function openHop(
  plane: RecordingPlane,
  ip: string,
): Promise<{ connection: Deno.TcpConn; slot: number }> {
  const { book, server } = plane.fixture;
  const connection = await Deno.connect({ hostname: "127.0.0.1", port: server.port });
  connection.setNoDelay();
  const { hostname: sourceIp, port: sourcePort } = connection.localAddr;
  const key = { sourceIp, sourcePort, listenerPort: server.port };
  const opened = book.open(key, { ip, port: 50_000 }, systemClock.monotonic());
  if (opened.kind === "open") return { connection, slot: opened.slot };
  try {
    return await openHop(plane, ip);
  } finally {
    connection.close();
  }
}

/** Never rejects: a server that refuses closes. */
async function writePieces(connection: Deno.Conn, { text, cuts }: ClientPlay): Promise<void> {
  const bytes = encodeLatin1(text);
  let at = 0;
  try {
    for (const end of cuts) {
      while (at < end) at += await connection.write(bytes.subarray(at, end));
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
  } catch {
    // What it has said is read nevertheless.
  }
}

/** Reads until every request is answered; then ends this side and sees whether more comes. */
async function readAnswers(
  connection: Deno.Conn,
  methods: readonly string[],
  writing: Promise<void>,
): Promise<StrictAnswer[]> {
  const buffer = new Uint8Array(65_536);
  let text = "";
  let isEnding = false;
  for (;;) {
    const answers = finalAnswers(text, methods);
    const isDone = answers.filter(({ bodyState }) =>
      bodyState === "whole"
    ).length >= methods.length;
    if (answers.some(({ status }) => status === 101)) return answers;
    if (isDone && !isEnding) {
      isEnding = true;
      void writing.then(() => connection.closeWrite()).catch(() => {});
    }
    const count = await connection.read(buffer).catch(() => null);
    if (count === null) return finalAnswers(text, methods);
    text += Buffer.from(buffer.subarray(0, count)).toString("latin1");
  }
}

/** @throws {Error} If something is no answer. */
function finalAnswers(text: string, methods: readonly string[]): StrictAnswer[] {
  const answers: StrictAnswer[] = [];
  for (let at = 0; at < text.length;) {
    const answer = readStrictAnswer(text, at, methods[answers.length] ?? "GET");
    if (answer.kind === "more") break;
    if (answer.kind === "bad") assert.fail(`${answer.reason}: ${JSON.stringify(text.slice(at))}`);
    at = answer.end;
    if (answer.status >= 200 || answer.status === 101) answers.push(answer);
    if (answer.bodyState !== "whole" || answer.status === 101) break;
  }
  return answers;
}
