/**
 * The servers behind the proxies. None of them is measured. Whoever opens them disposes of them.
 * Does I/O.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import {
  type ConfiguredServer,
  startConfiguredServer,
} from "../../tests/support/configured_server.ts";
import { requireInstalled } from "../../tests/support/installed.ts";
import { startProcess, type TestProcess } from "../../tests/support/process.ts";
import { makeTempFolder, type TempFolder } from "../../tests/support/temp_folder.ts";
import type { Behaviour } from "./load/stream_protocol.ts";

/** Bytes of the file that `/large` answers with. */
export const LARGE_FILE_BYTES = 64 * 1024 * 1024;

/** Bytes of the file that `/huge` answers with. */
export const HUGE_FILE_BYTES = 5 * 1024 ** 3;

const STREAM_BACKEND = fileURLToPath(new URL("./load/stream_backend.ts", import.meta.url));

const BODY_BACKEND = fileURLToPath(new URL("./load/body_backend.ts", import.meta.url));

const READY_LINE = /^ready (\{.*\})$/;

/** A server behind offloaded hostnames. */
export type HttpBackend = "http" | "upload" | "websocket";

/** Ports of servers on 127.0.0.1. */
export interface BackendPorts extends Readonly<Record<HttpBackend, number>> {
  /** Of the stream backend, by what it does. */
  readonly stream: Readonly<Record<Behaviour, number>>;
  /** A few bytes for every path, 64 MiB for `/large`, 5 GiB for `/huge`. */
  readonly http: number;
  /** Answers with how many bytes of body came. */
  readonly upload: number;
  /** Switches protocols for every request, then sends each byte back. */
  readonly websocket: number;
}

/** Servers that run. */
export class Backends implements AsyncDisposable {
  readonly ports: BackendPorts;
  readonly #running: AsyncDisposable;

  private constructor(ports: BackendPorts, running: AsyncDisposable) {
    this.ports = ports;
    this.#running = running;
  }

  /** Starts the servers. @throws {Error} If one does not start. */
  static async open(): Promise<Backends> {
    await using stack = new AsyncDisposableStack();
    const folder = stack.use(makeTempFolder("postern-bench-"));
    Deno.chmodSync(folder.path, 0o755); // nginx's workers are another user.
    const stream = stack.use(await startBackend(STREAM_BACKEND));
    const bodies = stack.use(await startBackend(BODY_BACKEND));
    const files = {
      large: makeSparseFile(folder, { name: "large", byteCount: LARGE_FILE_BYTES }),
      huge: makeSparseFile(folder, { name: "huge", byteCount: HUGE_FILE_BYTES }),
    };
    const http = stack.use(await startHttpBackend(files));
    const ports = { stream: portsOf(stream), http: http.ports[0], ...portsOf(bodies) };
    return new Backends(ports as BackendPorts, stack.move());
  }

  /** Ends the servers. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#running[Symbol.asyncDispose]();
  }
}

async function startBackend(program: string): Promise<TestProcess> {
  const args = ["run", "--quiet", "--no-prompt", "--allow-net=127.0.0.1", program];
  return await startProcess(Deno.execPath(), args, { readyLine: READY_LINE });
}

function portsOf(backend: TestProcess): Record<string, number> {
  const ready = backend.stdout.map((line) => READY_LINE.exec(line)).find((match) => match !== null);
  return JSON.parse(ready![1]);
}

/** The file takes no room on the disk and comes from the page cache. */
function makeSparseFile(
  folder: TempFolder,
  { name, byteCount }: { name: string; byteCount: number },
): string {
  const path = folder.write(name, "");
  Deno.truncateSync(path, byteCount);
  return path;
}

async function startHttpBackend(
  { large, huge }: { large: string; huge: string },
): Promise<ConfiguredServer> {
  return await startConfiguredServer({
    program: requireInstalled("nginx"),
    portCount: 1,
    files: ({ ports, folder }) => ({
      "nginx.conf": `
daemon off;
worker_processes 1;
pid ${folder}/nginx.pid;
error_log stderr error;
events { worker_connections 4096; }
http {
  access_log off;
  sendfile on;
  keepalive_requests 1000000000;
  keepalive_timeout 600s;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  server {
    listen 127.0.0.1:${ports[0]};
    default_type text/plain;
    location / { return 200 "A small answer\\n"; }
    location /large { alias ${large}; }
    location /huge { alias ${huge}; }
  }
}
`,
    }),
    args: ({ folder }) => ["-p", folder, "-e", "stderr", "-c", `${folder}/nginx.conf`],
  });
}
