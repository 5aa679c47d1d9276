import assert from "node:assert/strict";
import { Counters } from "../../../lib/base/counters.ts";
import { systemClock } from "../../../lib/base/clock.ts";
import { createLog } from "../../../lib/base/log.ts";
import { Sampler } from "../../../lib/base/sampler.ts";
import { AddressBook } from "../../../lib/hop/address_book.ts";
import { openLibc } from "../../../lib/linux/libc.ts";
import { SpliceEngine } from "../../../lib/relay/splice/splice_engine.ts";
import type { RelayEnvironment, RelayPlan } from "../../../lib/relay/relay_engine.ts";
import { countDescriptors } from "../suite/descriptors.ts";
import { hello, makePlan, until } from "../suite/fixture.ts";
import { Peer, TestServer } from "../suite/peer.ts";

const NAME = "app.example";
const HOST = { kind: "tcp", hostname: "127.0.0.1", port: 0 } as const;
const libc = openLibc();
const ignore = typeof libc === "string";

/** An engine on the host's clock, with as many workers as wanted. */
class LiveEngine implements AsyncDisposable {
  readonly counters = new Counters();
  readonly lines: string[] = [];
  readonly book = new AddressBook(AddressBook.allocate(4096));
  readonly engine: SpliceEngine;
  readonly port: number;

  constructor(plan: RelayPlan, workers: number, terminatorPort = 0) {
    if (typeof libc === "string") throw new Error(libc);
    const lease = {
      port: terminatorPort,
      headerTimeoutMs: 10_000,
      keepAliveTimeoutMs: 10_000,
      release: () => {},
    };
    const environment: RelayEnvironment = {
      book: this.book,
      clock: systemClock,
      counters: this.counters,
      log: createLog({ write: (line) => this.lines.push(line) }),
      sampler: new Sampler(systemClock),
      leaseTerminator: () => Promise.resolve(lease),
      leasePlainHttp: () => lease,
      record: undefined,
    };
    this.engine = new SpliceEngine(plan, environment, { libc, workers });
    this.port = this.engine.listen({ https: [HOST], http: [] }).https[0].port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.engine.drain(0);
  }
}

async function connectThrough(port: number, server: TestServer): Promise<Peer> {
  const client = await Peer.connect(port);
  await client.write(hello(NAME));
  const peer = await server.accept();
  assert.deepEqual(await peer.read(hello(NAME).length), hello(NAME));
  return client;
}

Deno.test({
  name:
    "worker_death: with 200 connections is reported, cleaned up and replaced; nobody is refused",
  ignore,
  async fn() {
    using server = new TestServer();
    using terminator = new TestServer();
    await using live = new LiveEngine(
      makePlan([{ hosts: [NAME], servers: [server.port] }, {
        hosts: ["offload.example"],
        mode: "offload",
      }]),
      1,
      terminator.port,
    );
    using clients = new DisposableStack();
    clients.use(await connectThrough(live.port, server));
    const before = await countDescriptors();
    for (let count = 1; count < 190; count++) {
      clients.use(await connectThrough(live.port, server));
    }
    for (let count = 0; count < 10; count++) {
      const hop = clients.use(await Peer.connect(live.port));
      await hop.write(hello("offload.example"));
      await (await terminator.accept()).read(10);
    }
    assert.equal(live.engine.open, 200);
    assert.equal(live.book.totals().open, 10);
    live.engine.killWorker(0);
    await until(() => live.lines.length > 0, () => "the death");
    // Whoever comes meanwhile waits in the queue of the socket, which main owns.
    const late = clients.use(await connectThrough(live.port, server));
    assert.equal(live.engine.open, 1);
    assert.equal(live.counters.get("connections_lost"), 200);
    assert.equal(live.book.totals().open, 0);
    assert.match(live.lines.join("\n"), /error relay worker died.*connections=200/i);
    for (const client of [late]) await client.write(Uint8Array.of(1));
    server[Symbol.dispose]();
    terminator[Symbol.dispose]();
    clients.dispose();
    await until(() => live.engine.open === 0, () => "the last connection to end");
    const after = await countDescriptors();
    assert.ok(after === undefined || after <= before! + 4, `${before} -> ${after}`);
  },
});

Deno.test({
  name: "workers: three share a port, take a plan together, and drain together",
  ignore,
  async fn() {
    using server = new TestServer();
    const plan = makePlan([{ hosts: [NAME], servers: [server.port] }]);
    await using live = new LiveEngine(plan, 3);
    using clients = new DisposableStack();
    for (let count = 0; count < 30; count++) {
      clients.use(await connectThrough(live.port, server));
    }
    assert.equal(live.engine.open, 30);
    await live.engine.update(makePlan([]));
    for (let count = 0; count < 30; count++) {
      using refused = await Peer.connect(live.port);
      await refused.write(hello(NAME));
      assert.equal((await refused.readToEnd()).length, 7, "an alert, whichever worker answers");
    }
    await until(() => live.engine.open === 30, () => "the refused to be gone");
    assert.deepEqual(await live.engine.drain(10), { finished: 0, cut: 30 });
    assert.equal(live.counters.get("connections_accepted"), 60);
  },
});

Deno.test({
  name: "update: 100 plans under load, and every connection is served by one of them",
  ignore,
  async fn() {
    using server = new TestServer();
    const plan = makePlan([{ hosts: [NAME], servers: [server.port] }]);
    await using live = new LiveEngine(plan, 2);
    let isOver = false;
    const serving = (async () => {
      let count = 0;
      while (!isOver) {
        using _client = await connectThrough(live.port, server);
        count++;
      }
      return count;
    })();
    for (let turn = 0; turn < 100; turn++) {
      await live.engine.update(makePlan([{ hosts: [NAME], servers: [server.port] }]));
    }
    isOver = true;
    assert.ok(await serving > 10);
  },
});
