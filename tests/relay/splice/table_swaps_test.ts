import { Buffer } from "node:buffer";
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { Random } from "../../support/random.ts";
import { hello, makePlan } from "../suite/fixture.ts";
import { Peer, TestServer } from "../suite/peer.ts";
import { LiveEngine, whyNoSplice } from "./live_engine.ts";

const SEED = 20_261_121;
const NAME = "app.example";
const CONNECTIONS = 64;
const SWAPS = 100;
const TOTAL_BYTES = 2 * 1_073_741_824;

/** One connection's, one way. */
const SHARE_BYTES = TOTAL_BYTES / CONNECTIONS / 2;

/** Bytes written, and read, at once. */
const PIECE_BYTES = 262_144;

/** A prime: the pattern fits no buffer, so that bytes that are lost, doubled or swapped show. */
const PERIOD = 1_048_573;

/** Endless bytes that begin at a position of their own for each connection and direction. */
class Pattern {
  readonly #bytes: Uint8Array<ArrayBuffer>;

  constructor(random: Random) {
    this.#bytes = new Uint8Array(PERIOD + PIECE_BYTES);
    this.#bytes.set(random.bytes(PERIOD));
    this.#bytes.copyWithin(PERIOD, 0, PIECE_BYTES);
  }

  /** Returns up to {@linkcode PIECE_BYTES} from a position. */
  piece(at: number, count: number): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(at % PERIOD, at % PERIOD + count);
  }
}

/** How much has arrived, all connections together. */
class Progress {
  #bytes = 0;
  #wake: (() => void) | undefined;
  #goal = 0;

  add(count: number): void {
    this.#bytes += count;
    if (this.#bytes >= this.#goal) this.#wake?.();
  }

  async reach(goal: number): Promise<void> {
    if (this.#bytes >= goal) return;
    this.#goal = goal;
    await new Promise<void>((resolve) => this.#wake = resolve);
  }
}

/** @param swapped Comes before the last tenth, however much faster bytes are than swaps. */
async function write(
  to: Peer,
  pattern: Pattern,
  { start, swapped }: { readonly start: number; readonly swapped: Promise<void> },
): Promise<void> {
  for (let sent = 0; sent < SHARE_BYTES;) {
    if (sent > 0.9 * SHARE_BYTES) await swapped;
    const piece = pattern.piece(start + sent, Math.min(PIECE_BYTES, SHARE_BYTES - sent));
    sent += await to.connection.write(piece);
  }
  await to.end();
}

async function check(
  from: Peer,
  pattern: Pattern,
  { start, progress }: { readonly start: number; readonly progress: Progress },
): Promise<void> {
  const buffer = Buffer.alloc(PIECE_BYTES);
  let at = 0;
  for (let count = await from.connection.read(buffer); count !== null;) {
    const isRight = buffer.subarray(0, count).equals(pattern.piece(start + at, count));
    ok(isRight, `wrong between byte ${at} and ${at + count}`);
    at += count;
    progress.add(count);
    count = await from.connection.read(buffer);
  }
  strictEqual(at, SHARE_BYTES);
}

/** Every second table has no route for the connections that are open. */
function makeTable(turn: number, port: number) {
  const hosts = [turn % 2 === 0 ? NAME : "other.example"];
  return makePlan([{ hosts: [`t${turn}.example`], mode: "reject" }, { hosts, servers: [port] }]);
}

async function openPair(port: number, server: TestServer): Promise<[client: Peer, server: Peer]> {
  const client = await Peer.connect(port);
  await client.write(hello(NAME));
  const accepted = await server.accept();
  deepStrictEqual(await accepted.read(hello(NAME).length), hello(NAME));
  return [client, accepted];
}

Deno.test({
  name: `table_swaps: ${SWAPS} while 2 GiB go through ${CONNECTIONS} connections, seed ${SEED}${
    whyNoSplice === undefined ? "" : ` (skipped: ${whyNoSplice})`
  }`,
  ignore: whyNoSplice !== undefined,
  fn: async () => {
    const random = new Random(SEED);
    const pattern = new Pattern(random);
    const progress = new Progress();
    using server = new TestServer();
    await using live = new LiveEngine(makeTable(0, server.port), { workers: 2 });
    using clients = new DisposableStack();
    const ways: [from: Peer, to: Peer][] = [];
    for (let count = 0; count < CONNECTIONS; count++) {
      const [client, accepted] = await openPair(live.port, server);
      clients.use(client);
      ways.push([client, accepted], [accepted, client]);
    }
    const swapped = Promise.withResolvers<void>();
    const moving = Promise.all(ways.flatMap(([from, to]) => {
      const start = random.below(PERIOD);
      const writing = write(from, pattern, { start, swapped: swapped.promise });
      return [writing, check(to, pattern, { start, progress })];
    }));
    const swapping = (async () => {
      for (let turn = 1; turn <= SWAPS; turn++) {
        await progress.reach(0.8 * turn / SWAPS * TOTAL_BYTES);
        await live.engine.update(makeTable(turn, server.port));
      }
    })();
    // A transfer that fails never reaches the next swap.
    await Promise.race([swapping, moving]);
    ok(live.engine.open > 0, "the last swap came before the last byte");
    swapped.resolve();
    await Promise.all([swapping, moving]);
    strictEqual(live.counters.get("connections_relayed"), CONNECTIONS);
  },
});
