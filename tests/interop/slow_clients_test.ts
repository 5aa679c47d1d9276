import { match, ok, strictEqual } from "node:assert/strict";
import type { ConfiguredServer } from "../support/configured_server.ts";
import { POOL_IDLE_MAX } from "../../lib/base/limits.ts";
import { curl } from "../support/curl.ts";
import { requireInstalled, testWithPrograms } from "../support/installed.ts";
import { startNginx } from "../support/nginx.ts";
import { countDescriptors, residentMib, untilDescriptors } from "../support/process_usage.ts";
import type { Postern } from "../support/postern.ts";
import { internalCaFile, offloadTo, passTo, startWithRoutes } from "../support/routes.ts";

/** Slow clients of one run. */
const CLIENTS = 80;

/** What large answers fill the buffers with takes its time: not all of them at once. */
const CONNECTS_PER_S = 40;

const RUN_S = 6;

/** A head that takes longer than this is given up, so that a run sees it happen. */
const HEADER_TIMEOUT = "2s";

/** On port 80 no route is known before the head, so the limit is the default of 10 s. */
const HEADS_RUN_S = { https: RUN_S, http: 13 };

/**
 * How long another client may wait for its answer. A machine with more work than cores needs seconds for
 * what a quiet one does in 50 ms; a proxy that serves nobody meanwhile needs longer than this.
 */
const ANSWER_MAX_MS = 8_000;

/** More than all buffers on the way take, so that a slow reader holds the server's answer up. */
const ANSWER_BYTES = 5 * 1024 * 1024;

/** What slow clients may cost at their worst, and leave behind. */
const GROWTH_MAX_MIB = 150;

/** Descriptors that the runtime may open for itself meanwhile, and connections kept to the server. */
const SPARE_DESCRIPTORS = 16 + POOL_IDLE_MAX;

/** One of slowhttptest's modes, and what it asks for. */
interface Attack {
  readonly what: string;
  readonly path: string;
  readonly args: readonly string[];
}

const ATTACKS: readonly Attack[] = [
  { what: "slow heads (-H)", path: "/", args: ["-H"] },
  { what: "slow bodies (-B)", path: "/body", args: ["-B", "-s", "8192"] },
  {
    what: "slow readers (-X)",
    path: "/large",
    args: ["-X", "-w", "512", "-y", "1024", "-n", "1", "-z", "32"],
  },
];

const LISTENERS = ["https", "http"] as const;

for (const listener of LISTENERS) {
  testWithPrograms(
    ["slowhttptest", "nginx", "curl", "ls", "ps"],
    `slow clients: others are served meanwhile on ${listener === "https" ? 443 : 80}`,
    async (context) => {
      await using server = await startServer();
      await using postern = await startFor(listener, server.ports[0]);
      const { pid } = postern.process;
      strictEqual(await askOnce(postern, listener), 200);
      const before = { descriptors: await countDescriptors(pid), mib: await residentMib(pid) };
      for (const attack of ATTACKS) {
        await context.step(attack.what, async () => {
          const output = await play(attack, { postern, listener });
          // Heads that do not come have a limit of their own; a body may take its time.
          if (attack.args[0] === "-H") match(output, /No open connections left/);
          await untilDescriptors(pid, before.descriptors + SPARE_DESCRIPTORS);
          const growth = await residentMib(pid) - before.mib;
          ok(growth < GROWTH_MAX_MIB, `${growth} MiB more`);
        });
      }
    },
  );
}

/** A server with a large answer for `/large`; `/body` is answered when a whole body has come. */
async function startServer(): Promise<ConfiguredServer> {
  return await startNginx({
    http: ({ ports: [port], folder }) => {
      // It takes no room on the disk.
      Deno.writeTextFileSync(`${folder}/large`, "");
      Deno.truncateSync(`${folder}/large`, ANSWER_BYTES);
      return `
access_log off;
server {
  listen 127.0.0.1:${port};
  location / { return 200 "small"; }
  location /large { alias ${folder}/large; }
  location /body { proxy_pass http://127.0.0.1:${port}/; }
}`;
    },
  });
}

/** slowhttptest sends no server name, so offload has to be what everybody gets. */
async function startFor(listener: "https" | "http", port: number): Promise<Postern> {
  const upstream = `127.0.0.1:${port}`;
  const timeouts = { header: HEADER_TIMEOUT };
  const route = listener === "https"
    ? offloadTo("*", `http://${upstream}`, { timeouts })
    : passTo("localhost", "127.0.0.1:1", { http: "forward", http_upstream: upstream });
  return await startWithRoutes([route], {
    top: { log: { level: "info" }, defaults: { timeouts } },
  });
}

/** Attacks for a while; another client asks all the time. @returns What slowhttptest printed. */
async function play(
  { path, args }: Attack,
  { postern, listener }: { postern: Postern; listener: "https" | "http" },
): Promise<string> {
  const { port } = postern[listener][0];
  const runS = args[0] === "-H" ? HEADS_RUN_S[listener] : RUN_S;
  const load = ["-c", CLIENTS, "-r", CONNECTS_PER_S, "-i", 1, "-l", runS, "-v", 1].map(String);
  const attacking = new Deno.Command(requireInstalled("slowhttptest"), {
    args: [...args, ...load, "-u", `${listener}://localhost:${port}${path}`],
    stdin: "null",
    signal: AbortSignal.timeout(10 * RUN_S * 1_000),
  }).output();
  let isOver = false;
  const ended = attacking.finally(() => isOver = true);
  let asked = 0;
  while (!isOver) {
    const startedMs = performance.now();
    strictEqual(await askOnce(postern, listener), 200);
    const tookMs = performance.now() - startedMs;
    ok(tookMs < ANSWER_MAX_MS, `another client waited ${tookMs} ms`);
    asked++;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  ok(asked > 1, `another client was served ${asked} times only`);
  const output = new TextDecoder().decode((await ended).stdout);
  match(output, /connected|closed/);
  return output;
}

async function askOnce(postern: Postern, listener: "https" | "http"): Promise<number> {
  const to = postern[listener][0];
  const caFile = internalCaFile(postern);
  const args = ["--max-time", "10", ...(listener === "https" ? ["--insecure"] : [])];
  const tls = listener === "https" ? { caFile } : {};
  return (await curl(`${listener}://localhost/small`, { to, args, ...tls })).status;
}
