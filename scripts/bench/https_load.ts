/**
 * The loads of offloaded hosts that h2load does not know, by `load/https_client.ts` in a process of its
 * own, and large uploads by curl. Does I/O.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { requireInstalled } from "../../tests/support/installed.ts";
import { startProcess, type TestProcess } from "../../tests/support/process.ts";
import { makeTempFolder } from "../../tests/support/temp_folder.ts";
import type { HttpBackend } from "./backends.ts";
import { offloadHostnameOf, type Proxy } from "./proxies/proxy.ts";
import { runToEnd } from "./run_to_end.ts";

const HTTPS_CLIENT = fileURLToPath(new URL("./load/https_client.ts", import.meta.url));

/** One run of the client. */
export interface HttpsLoad {
  readonly load: "websocket" | "open-loop" | "idle-h1" | "idle-h2";
  readonly backend: HttpBackend;
  readonly amount: number;
  /** Requests per second, for `open-loop`. */
  readonly rate?: number;
  /** Words that start a program on certain cores. */
  readonly startedBy?: readonly string[];
}

/** Runs a load to its end and returns what it printed. @throws {Error} If not everything was served. */
export async function runHttpsLoad(proxy: Proxy, options: HttpsLoad): Promise<string> {
  const [program, ...args] = commandOf(proxy, options);
  return await runToEnd(program, args);
}

/** Starts a load that goes on until it is ended, and waits until all its connections are open. */
export async function startHttpsLoad(proxy: Proxy, options: HttpsLoad): Promise<TestProcess> {
  const [program, ...args] = commandOf(proxy, options);
  return await startProcess(program, args, { readyLine: /^holding$/, readyTimeoutMs: 90_000 });
}

function commandOf({ port, caFile }: Proxy, options: HttpsLoad): string[] {
  const { load, backend, amount, rate = 0, startedBy = [] } = options;
  const permissions = ["--no-prompt", "--allow-net=127.0.0.1", `--allow-read=${caFile}`];
  const client = [Deno.execPath(), "run", "--quiet", ...permissions, HTTPS_CLIENT];
  const args = [load, port, amount, caFile, offloadHostnameOf(backend), rate].map(String);
  return [...startedBy, ...client, ...args];
}

/** One body over one connection. */
export interface HugeTransfer {
  readonly protocol: "http/1.1" | "h2";
  readonly direction: "download" | "upload";
  readonly byteCount: number;
}

/** Transfers one body with curl. @throws {Error} If not every byte arrived. */
export async function runHugeTransfer(proxy: Proxy, transfer: HugeTransfer): Promise<void> {
  const { protocol, direction, byteCount } = transfer;
  using folder = makeTempFolder("postern-bench-");
  const file = folder.write("body", "");
  Deno.truncateSync(file, byteCount);
  const hostname = offloadHostnameOf(direction === "upload" ? "upload" : "http");
  const range = ["--range", `0-${byteCount - 1}`, "--output", "/dev/null"];
  const output = await runToEnd(requireInstalled("curl"), [
    ...["--disable", "--silent", "--show-error", "--fail", "--noproxy", "*"],
    ...["--cacert", proxy.caFile, "--connect-to", `::127.0.0.1:${proxy.port}`],
    protocol === "h2" ? "--http2" : "--http1.1",
    ...(direction === "upload" ? ["--upload-file", file, "--header", "Expect:"] : range),
    ...["--write-out", `\\nsizes %{size_download} %{size_upload} %{http_version}\\n`],
    `https://${hostname}:${proxy.port}/huge`,
  ]);
  const [, down, up, version] = /^sizes (\d+) (\d+) (\S+)$/m.exec(output) ?? [];
  const isWhole = Number(direction === "upload" ? up : down) === byteCount &&
    (direction === "download" || output.startsWith(`${byteCount}\n`));
  if (!isWhole || version !== (protocol === "h2" ? "2" : "1.1")) {
    throw new Error(`Not ${byteCount} bytes over ${protocol}: ${output.trim()}`);
  }
}
