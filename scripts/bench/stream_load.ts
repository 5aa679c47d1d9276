/**
 * The loads of passthrough connections, by `load/stream_client.ts` in a process of its own. Does I/O.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { startProcess, type TestProcess } from "../../tests/support/process.ts";
import type { Proxy } from "./proxies/proxy.ts";
import { runToEnd } from "./run_to_end.ts";

const STREAM_CLIENT = fileURLToPath(new URL("./load/stream_client.ts", import.meta.url));

/** Runs a load to its end. @throws {Error} If not every byte came as it should. */
export async function runStreamLoad(load: string, proxy: Proxy, amount: number): Promise<void> {
  await runToEnd(Deno.execPath(), argsOf(load, proxy, amount));
}

/** Starts a load that goes on until it is ended, and waits for the line it prints when it is there. */
export async function startStreamLoad(
  load: string,
  proxy: Proxy,
  options: { readonly amount: number; readonly readyLine: RegExp },
): Promise<TestProcess> {
  return await startProcess(Deno.execPath(), argsOf(load, proxy, options.amount), {
    readyLine: options.readyLine,
    readyTimeoutMs: 60_000,
  });
}

function argsOf(load: string, { port, tableHosts }: Proxy, amount: number): string[] {
  const permissions = ["--no-prompt", "--allow-net=127.0.0.1"];
  const numbers = [port, amount, tableHosts].map(String);
  return ["run", "--quiet", ...permissions, STREAM_CLIENT, load, ...numbers];
}
