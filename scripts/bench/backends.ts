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

const STREAM_BACKEND = fileURLToPath(new URL("./load/stream_backend.ts", import.meta.url));

const READY_LINE = /^ready (\{.*\})$/;

/** Ports of servers on 127.0.0.1. */
export interface BackendPorts {
  /** Of the stream backend, by what it does. */
  readonly stream: Readonly<Record<Behaviour, number>>;
  /** Of the HTTP server: a few bytes for every path, 64 MiB for `/large`. */
  readonly http: number;
}

/** Servers that run. */
export class Backends implements AsyncDisposable {
  readonly ports: BackendPorts;
  readonly #stream: TestProcess;
  readonly #http: ConfiguredServer;
  readonly #folder: TempFolder;

  private constructor(stream: TestProcess, http: ConfiguredServer, folder: TempFolder) {
    const ready = stream.stdout.map((line) => READY_LINE.exec(line)).find((match) =>
      match !== null
    );
    this.ports = { stream: JSON.parse(ready![1]), http: http.ports[0] };
    this.#stream = stream;
    this.#http = http;
    this.#folder = folder;
  }

  /** Starts the servers. @throws {Error} If one does not start. */
  static async open(): Promise<Backends> {
    await using stack = new AsyncDisposableStack();
    const folder = stack.use(makeTempFolder("postern-bench-"));
    Deno.chmodSync(folder.path, 0o755); // nginx's workers are another user.
    const stream = stack.use(await startStreamBackend());
    const http = stack.use(await startHttpBackend(makeLargeFile(folder)));
    stack.move();
    return new Backends(stream, http, folder);
  }

  /** Ends the servers. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stream.stop();
    await this.#http[Symbol.asyncDispose]();
    this.#folder[Symbol.dispose]();
  }
}

async function startStreamBackend(): Promise<TestProcess> {
  const args = ["run", "--quiet", "--no-prompt", "--allow-net=127.0.0.1", STREAM_BACKEND];
  return await startProcess(Deno.execPath(), args, { readyLine: READY_LINE });
}

/** The file is sparse: it takes no room on the disk and comes from the page cache. */
function makeLargeFile(folder: TempFolder): string {
  const path = folder.write("large", "");
  Deno.truncateSync(path, LARGE_FILE_BYTES);
  return path;
}

async function startHttpBackend(largeFile: string): Promise<ConfiguredServer> {
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
  keepalive_timeout 300s;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  server {
    listen 127.0.0.1:${ports[0]};
    default_type text/plain;
    location / { return 200 "A small answer\\n"; }
    location /large { alias ${largeFile}; }
  }
}
`,
    }),
    args: ({ folder }) => ["-p", folder, "-e", "stderr", "-c", `${folder}/nginx.conf`],
  });
}
