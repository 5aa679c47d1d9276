import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { curl, headerOf, spawnCurl } from "../support/curl.ts";
import { testWithPrograms } from "../support/installed.ts";
import type { Postern } from "../support/postern.ts";
import {
  internalCaFile,
  makeConfig,
  offloadTo,
  passTo,
  startWithRoutes,
  type YamlMapping,
} from "../support/routes.ts";
import { countNames, NamedServer, visit, visitOften } from "../relay/suite/named_servers.ts";
import { NAME } from "../relay/suite/open_pair.ts";

/** A server that can be killed, and started again on its port. */
interface Killable {
  readonly port: number;
  kill(): Promise<void>;
}

/** Answers every request with its name. */
function startHttp(name: string, port = 0): Killable {
  const killing = new AbortController();
  const server = Deno.serve({
    hostname: "127.0.0.1",
    port,
    signal: killing.signal,
    onListen: () => {},
  }, () => new Response(name));
  return {
    port: server.addr.port,
    kill: async () => {
      killing.abort();
      await server.finished;
    },
  };
}

function startTcp(name: string, port = 0): Killable {
  const server = new NamedServer(name, port);
  return {
    port: server.port,
    kill: () => Promise.resolve(server[Symbol.dispose]()),
  };
}

/** Three servers, and what becomes of them. */
class Site implements AsyncDisposable {
  readonly #start: (name: string, port?: number) => Killable;
  readonly #running = new Map<string, Killable>();
  readonly ports: Record<string, number> = {};

  constructor(start: (name: string, port?: number) => Killable) {
    this.#start = start;
    for (const name of "abc") this.start(name);
  }

  start(name: string): void {
    const server = this.#start(name, this.ports[name]);
    this.#running.set(name, server);
    this.ports[name] = server.port;
  }

  async kill(name: string): Promise<void> {
    const server = this.#running.get(name);
    this.#running.delete(name);
    await server?.kill();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const name of [...this.#running.keys()]) await this.kill(name);
  }
}

const CHECK = { interval: "100ms", fall: 2, rise: 2 };

/** Sends so many requests over HTTP/1.1, one after the other. @returns The answers' bodies. */
async function request(postern: Postern, host: string, times: number): Promise<string> {
  const child = spawnCurl(`https://${host}/[1-${times}]`, {
    to: postern.https[0],
    caFile: internalCaFile(postern),
    args: ["--http1.1"],
  });
  const { stdout } = await child.output();
  return new TextDecoder().decode(stdout);
}

function linesAbout(postern: Postern, sentence: string): string[] {
  return postern.log.filter((line) => line.includes(sentence));
}

/** The way of one server: there, killed, known to be down, there again. */
async function killAndRevive(
  site: Site,
  postern: Postern,
  use: (times: number) => Promise<string>,
): Promise<void> {
  const address = `127.0.0.1:${site.ports.b}`;
  deepStrictEqual(countNames(await use(30)), { a: 10, b: 10, c: 10 });
  await site.kill("b");
  // Known or not: nobody is sent away, and nobody waits.
  match(await use(60), /^[ac]{60}$/);
  await postern.waitForLog(new RegExp(`warn .*upstream: Server is down server=${address} `));
  deepStrictEqual(countNames(await use(30)), { a: 15, c: 15 });
  site.start("b");
  await postern.waitForLog(new RegExp(`info .*upstream: Server is up server=${address} `));
  deepStrictEqual(countNames(await use(30)), { a: 10, b: 10, c: 10 });
  strictEqual(linesAbout(postern, "Server is down").length, 1);
  strictEqual(linesAbout(postern, "Server is up").length, 1);
}

testWithPrograms(
  ["curl"],
  "balancing: offload goes on without a server that is killed, and with it when it is back",
  async () => {
    await using site = new Site(startHttp);
    await using postern = await startWithRoutes([
      offloadTo("a.test", "", {
        upstream: "abc".split("").map((name) => `http://127.0.0.1:${site.ports[name]}`),
        health_check: { ...CHECK, path: "/health" },
      }),
    ]);
    await killAndRevive(site, postern, (times) => request(postern, "a.test", times));
  },
);

for (const engine of ["auto", "portable"]) {
  Deno.test(`balancing: passthrough with engine ${engine} goes on without a server that is killed`, async () => {
    await using site = new Site(startTcp);
    const upstream = "abc".split("").map((name) => `127.0.0.1:${site.ports[name]}`);
    const route: YamlMapping = { ...passTo(NAME, ""), upstream, health_check: CHECK };
    await using postern = await startWithRoutes([route], {
      top: { relay: { engine, workers: 1 } },
    });
    await killAndRevive(site, postern, (times) => visitOften(postern.https[0].port, times));
  });
}

testWithPrograms(
  ["curl"],
  "balancing: where all servers are down clients hear so at once",
  async () => {
    await using site = new Site(startHttp);
    const url = `http://127.0.0.1:${site.ports.a}`;
    await using postern = await startWithRoutes([
      offloadTo("a.test", url, { health_check: { ...CHECK, path: "/" } }),
      passTo(NAME, `127.0.0.1:${site.ports.b}`, { health_check: CHECK }),
    ]);
    const ask = async () =>
      (await curl("https://a.test/", { to: postern.https[0], caFile: internalCaFile(postern) }))
        .status;
    strictEqual(await ask(), 200);
    await site.kill("a");
    await site.kill("b");
    for (const port of [site.ports.a, site.ports.b]) {
      await postern.waitForLog(new RegExp(`Server is down server=127\\.0\\.0\\.1:${port} `));
    }
    strictEqual(await ask(), 503);
    using guest = await visit(postern.https[0].port);
    strictEqual(guest.name, "", "an alert");
  },
);

testWithPrograms(
  ["curl"],
  "balancing: a client with a sticky cookie keeps its server",
  async () => {
    await using site = new Site(startHttp);
    await using postern = await startWithRoutes([
      offloadTo("a.test", "", {
        upstream: "abc".split("").map((name) => `http://127.0.0.1:${site.ports[name]}`),
        sticky: { cookie: "server" },
      }),
    ]);
    const ask = (args: readonly string[] = []) =>
      curl("https://a.test/", { to: postern.https[0], caFile: internalCaFile(postern), args });
    const first = await ask();
    const cookie = /^(server=[0-9a-f]{16}); Path=\/; HttpOnly; Secure; SameSite=Lax$/
      .exec(headerOf(first, "set-cookie") ?? "");
    strictEqual(cookie === null, false, first.headers.join("\n"));
    const asBefore = ["--cookie", `other=1; ${cookie![1]}`];
    for (let time = 0; time < 4; time++) {
      const next = await ask(asBefore);
      deepStrictEqual([next.body, headerOf(next, "set-cookie")], [first.body, undefined]);
    }
    await site.kill(first.body);
    const moved = await ask(asBefore);
    strictEqual(moved.status, 200);
    strictEqual(moved.body === first.body, false);
    match(headerOf(moved, "set-cookie") ?? "", /^server=[0-9a-f]{16};/);
  },
);

testWithPrograms(
  ["curl"],
  "balancing: a server that answers with the wrong status is down until a reload expects another one",
  async () => {
    await using site = new Site(startHttp);
    const routes = (path: string, status: number) => [
      offloadTo("a.test", "", {
        upstream: "ab".split("").map((name) => `http://127.0.0.1:${site.ports[name]}`),
        health_check: { ...CHECK, path, status },
        load_balance: "first",
      }),
    ];
    await using postern = await startWithRoutes(routes("/", 200));
    strictEqual(await request(postern, "a.test", 3), "aaa");
    // Every server answers 200 to everything, and none of them what is expected now.
    postern.writeConfig(makeConfig(routes("/", 204)));
    postern.process.kill("SIGHUP");
    for (const name of "ab") {
      await postern.waitForLog(
        new RegExp(
          `Server is down server=127\\.0\\.0\\.1:${site.ports[name]} .*"status 200, expected 204"`,
        ),
      );
    }
    strictEqual(
      (await curl("https://a.test/", {
        to: postern.https[0],
        caFile: internalCaFile(postern),
      })).status,
      503,
    );
    postern.writeConfig(makeConfig(routes("/", 200)));
    postern.process.kill("SIGHUP");
    await postern.waitForLog(/Server is up/);
  },
);
