/**
 * Chromium without a window, driven over its own DevTools WebSocket. Whoever starts one disposes of it.
 * Does I/O.
 *
 * @module
 */
import { withDeadline } from "./deadline.ts";
import { requireInstalled } from "./installed.ts";
import { startProcess, type TestProcess } from "./process.ts";
import { makeTempFolder, type TempFolder } from "./temp_folder.ts";

const READY_LINE = /^DevTools listening on (ws:\/\/\S+)$/;

/** Milliseconds for one command. */
const COMMAND_MS = 60_000;

/** It shall talk to nobody but the test, and start the same each time. */
const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-dev-shm-usage",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--disable-extensions",
  "--no-proxy-server",
  "--ignore-certificate-errors",
  "--remote-debugging-port=0",
];

/** Starts it. @param port Of 127.0.0.1, where every name and every port leads to. */
export async function startChromium(port: number): Promise<Chromium> {
  const folder = makeTempFolder("postern-chromium-");
  try {
    const own = [
      `--user-data-dir=${folder.path}`,
      `--host-resolver-rules=MAP *:443 127.0.0.1:${port}, EXCLUDE 127.0.0.1`,
    ];
    const args = [...FLAGS, ...own, "about:blank"];
    const process = await startProcess(requireInstalled("chromium"), args, {
      readyLine: READY_LINE,
      readyTimeoutMs: 60_000,
      env: { HOME: folder.path },
    });
    const url = process.stderr.map((line) =>
      READY_LINE.exec(line)
    ).find((match) => match !== null)![1];
    return new Chromium(process, { folder, socket: await openSocket(url) });
  } catch (error) {
    folder[Symbol.dispose]();
    throw error;
  }
}

/** A running browser. */
export class Chromium implements AsyncDisposable {
  readonly process: TestProcess;
  readonly #folder: TempFolder;
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #nextId = 1;

  constructor(process: TestProcess, { folder, socket }: { folder: TempFolder; socket: WebSocket }) {
    this.process = process;
    this.#folder = folder;
    this.#socket = socket;
    socket.onmessage = ({ data }) => {
      const answer: Answer = JSON.parse(data);
      this.#waiting.get(answer.id ?? 0)?.(answer);
    };
  }

  /**
   * Opens a page and evaluates an expression in it.
   *
   * @param expression Its value, or what its promise resolves to, must be JSON.
   * @throws {Error} If it throws, or takes longer than a minute.
   */
  async evaluate(url: string, expression: string): Promise<unknown> {
    const { targetId } = await this.#send("Target.createTarget", { url });
    const { sessionId } = await this.#send("Target.attachToTarget", { targetId, flatten: true });
    await this.#untilLoaded(String(sessionId));
    const { result, exceptionDetails } = await this.#send("Runtime.evaluate", {
      expression,
      awaitPromise: true,
      returnByValue: true,
    }, String(sessionId));
    if (exceptionDetails !== undefined) throw new Error(JSON.stringify(exceptionDetails));
    return (result as { value: unknown }).value;
  }

  /** Ends it and removes its profile. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.close();
    await this.process.stop();
    this.#folder[Symbol.dispose]();
  }

  async #untilLoaded(sessionId: string): Promise<void> {
    const expression = `location.protocol !== "about:" && document.readyState === "complete"`;
    const look = async () => {
      for (;;) {
        const { result } = await this.#send("Runtime.evaluate", { expression }, sessionId);
        if ((result as { value: unknown }).value === true) return;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    };
    await withDeadline(look(), COMMAND_MS, () => `the page of ${this.process.describe()}`);
  }

  async #send(
    method: string,
    params: Record<string, unknown>,
    sessionId?: string,
  ): Promise<Record<string, unknown>> {
    const id = this.#nextId++;
    const answered = new Promise<Answer>((resolve) => this.#waiting.set(id, resolve));
    this.#socket.send(JSON.stringify({ id, method, params, sessionId }));
    const answer = await withDeadline(answered, COMMAND_MS, () => `an answer to ${method}`);
    this.#waiting.delete(id);
    if (answer.error !== undefined) throw new Error(`${method}: ${answer.error.message}`);
    return answer.result ?? {};
  }
}

interface Answer {
  readonly id?: number;
  readonly result?: Record<string, unknown>;
  readonly error?: { readonly message: string };
}

async function openSocket(url: string): Promise<WebSocket> {
  const socket = new WebSocket(url);
  const opened = new Promise<void>((resolve, reject) => {
    socket.onopen = () => resolve();
    socket.onerror = () => reject(new Error(`Cannot open ${url}`));
  });
  await withDeadline(opened, COMMAND_MS, () => url);
  return socket;
}
