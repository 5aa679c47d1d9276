/**
 * A program that runs beside a test: started, waited for until it is ready, read line by line, and
 * ended by its id. Whoever starts one disposes of it (`await using`). Does I/O.
 *
 * @module
 */
import { withDeadline } from "./deadline.ts";
import { waitForPort } from "./free_port.ts";

/** Lines kept per process; a program in a loop must not fill the memory. */
const LINES_MAX = 5_000;

/** Characters kept of one line. */
const LINE_MAX_CHARACTERS = 16_384;

/** Lines shown in an error. */
const LINES_SHOWN = 60;

/** A grandchild may hold the pipe open after its parent has gone; its output is not waited for. */
const PIPE_END_MS = 5_000;

/** How to start a program and when it counts as ready. */
export interface ProcessOptions {
  /** Added to the environment of the test. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Written to its standard input, which is then closed. Default: no input. */
  readonly stdin?: string;
  /** Ready when a line of either stream matches. */
  readonly readyLine?: RegExp;
  /** Ready when this port of `readyHostname` (default 127.0.0.1) accepts. */
  readonly readyPort?: number;
  readonly readyHostname?: string;
  /** Milliseconds for both. Default 60 s: `deno run` compiles first. */
  readonly readyTimeoutMs?: number;
}

/** One line of output. */
export interface OutputLine {
  readonly stream: "stdout" | "stderr";
  readonly text: string;
}

/**
 * Starts a program and waits until it is ready.
 *
 * @throws {Error} If it cannot be started, ends before it is ready or is not ready in time; the
 * message holds its output, and the program is ended.
 */
export async function startProcess(
  command: string,
  args: readonly string[],
  options: ProcessOptions = {},
): Promise<TestProcess> {
  const process = new TestProcess(command, args, options);
  const timeoutMs = options.readyTimeoutMs ?? 60_000;
  try {
    if (options.readyLine !== undefined) await process.waitForLine(options.readyLine, timeoutMs);
    if (options.readyPort !== undefined) await process.waitForPort(options.readyPort, timeoutMs);
    return process;
  } catch (error) {
    await process.stop("SIGKILL");
    throw error;
  }
}

/** A running or ended program. States: running, ended (terminal). */
export class TestProcess implements AsyncDisposable {
  readonly pid: number;
  /** Fulfilled when the program has ended and its output has been read. */
  readonly exited: Promise<Deno.CommandStatus>;
  readonly #name: string;
  readonly #readyHostname: string | undefined;
  readonly #child: Deno.ChildProcess;
  readonly #lines: OutputLine[] = [];
  readonly #watchers = new Set<(line: OutputLine) => void>();
  #dropped = 0;
  #status: Deno.CommandStatus | undefined;

  constructor(command: string, args: readonly string[], options: ProcessOptions) {
    this.#name = [command, ...args].join(" ");
    this.#readyHostname = options.readyHostname;
    this.#child = new Deno.Command(command, {
      args: [...args],
      env: options.env,
      cwd: options.cwd,
      stdin: options.stdin === undefined ? "null" : "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.pid = this.#child.pid;
    this.exited = this.#run(options.stdin);
  }

  /** The lines of standard output so far. */
  get stdout(): string[] {
    return this.#textOf("stdout");
  }

  /** The lines of standard error so far. */
  get stderr(): string[] {
    return this.#textOf("stderr");
  }

  /** The lines of both streams so far, in the order of their arrival. */
  get lines(): readonly OutputLine[] {
    return this.#lines;
  }

  /** How the program ended; undefined while it runs. */
  get status(): Deno.CommandStatus | undefined {
    return this.#status;
  }

  /** Describes the program, its state and its last lines, for error messages. */
  describe(): string {
    const state = this.#status === undefined
      ? `running as ${this.pid}`
      : `ended with ${this.#status.signal ?? `code ${this.#status.code}`}`;
    const shown = this.#lines.slice(-LINES_SHOWN);
    const hidden = this.#dropped + this.#lines.length - shown.length;
    return [
      `${this.#name} (${state})`,
      ...(hidden > 0 ? [`  … ${hidden} lines`] : []),
      ...shown.map((line) => `  ${line.stream}| ${line.text}`),
    ].join("\n");
  }

  /**
   * Waits for a line of either stream, earlier lines included.
   *
   * @param timeoutMs Milliseconds. Default 30 s.
   * @returns The match.
   * @throws {Error} If the time is over or the program has ended without such a line.
   */
  async waitForLine(pattern: RegExp, timeoutMs = 30_000): Promise<RegExpMatchArray> {
    const found = Promise.withResolvers<RegExpMatchArray>();
    const look = (line: OutputLine) => {
      const match = line.text.match(pattern);
      if (match !== null) found.resolve(match);
    };
    this.#lines.forEach(look);
    this.#watchers.add(look);
    const ended = this.exited.then(() => this.#failUnless(found.promise, `print ${pattern}`));
    try {
      return await withDeadline(
        Promise.race([found.promise, ended]),
        timeoutMs,
        () => `line ${pattern} of ${this.describe()}`,
      );
    } finally {
      this.#watchers.delete(look);
      // Nobody waits for it any more; an unhandled rejection would end the test run.
      ended.catch(() => {});
    }
  }

  /**
   * Waits until the program accepts connections on a port.
   *
   * @throws {Error} If the time is over or the program ends first.
   */
  async waitForPort(port: number, timeoutMs = 10_000): Promise<void> {
    const stop = new AbortController();
    const accepted = waitForPort(port, {
      hostname: this.#readyHostname,
      timeoutMs,
      signal: stop.signal,
    });
    const ended = this.exited.then(() => stop.abort());
    try {
      await Promise.race([accepted, ended]);
      // The port may have been answered by somebody else, after our program failed to bind it.
      if (this.#status === undefined) return await accepted;
    } catch (error) {
      throw new Error(`Port ${port} is not open: ${this.describe()}`, { cause: error });
    }
    await accepted.catch(() => {}); // It was told to stop; only its end is of interest.
    throw new Error(`Ended before port ${port} was open: ${this.describe()}`);
  }

  /**
   * Ends the program, if it has not ended yet, and waits for it: by `signal`, then by SIGKILL when
   * `timeoutMs` milliseconds have passed (the status then names that signal).
   */
  async stop(signal: Deno.Signal = "SIGTERM", timeoutMs = 10_000): Promise<Deno.CommandStatus> {
    this.kill(signal);
    const timer = setTimeout(() => this.kill("SIGKILL"), timeoutMs);
    try {
      return await this.exited;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Sends a signal (SIGHUP for a reload); does nothing if the program has ended. */
  kill(signal: Deno.Signal): void {
    if (this.#status !== undefined) return;
    try {
      this.#child.kill(signal);
    } catch (error) {
      // It ended by itself a moment ago and its status has not been delivered yet.
      if (!(error instanceof TypeError) && !(error instanceof Deno.errors.NotFound)) throw error;
    }
  }

  /** Stops the program with SIGTERM. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #run(stdin: string | undefined): Promise<Deno.CommandStatus> {
    const pipesEnd = new AbortController();
    const output = Promise.all([
      this.#read("stdout", pipesEnd.signal),
      this.#read("stderr", pipesEnd.signal),
    ]);
    if (stdin !== undefined) await this.#write(stdin);
    const status = await this.#child.status;
    const timer = setTimeout(() => pipesEnd.abort(), PIPE_END_MS);
    await output;
    clearTimeout(timer);
    this.#status = status;
    return status;
  }

  async #write(stdin: string): Promise<void> {
    try {
      const writer = this.#child.stdin.getWriter();
      await writer.write(new TextEncoder().encode(stdin));
      await writer.close();
    } catch {
      // The program closed its input or ended before it had read everything: its right.
    }
  }

  async #read(stream: "stdout" | "stderr", signal: AbortSignal): Promise<void> {
    const reader = this.#child[stream].getReader();
    signal.addEventListener("abort", () => void reader.cancel());
    const decoder = new TextDecoder();
    let rest = "";
    while (true) {
      const { done, value } = await reader.read();
      rest += done ? decoder.decode() : decoder.decode(value, { stream: true });
      const texts = rest.split(/\r?\n/);
      rest = texts.pop()!.slice(0, LINE_MAX_CHARACTERS);
      for (const text of texts) this.#keep({ stream, text: text.slice(0, LINE_MAX_CHARACTERS) });
      if (done) break;
    }
    if (rest !== "") this.#keep({ stream, text: rest });
  }

  #keep(line: OutputLine): void {
    this.#lines.push(line);
    if (this.#lines.length > LINES_MAX) {
      this.#lines.shift();
      this.#dropped++;
    }
    for (const watch of this.#watchers) watch(line);
  }

  #textOf(stream: OutputLine["stream"]): string[] {
    return this.#lines.filter((line) => line.stream === stream).map((line) => line.text);
  }

  /** Fulfils with `found` if it is fulfilled already, else throws. */
  async #failUnless<T>(found: Promise<T>, deed: string): Promise<T> {
    const missing = Symbol();
    const first = await Promise.race([found, Promise.resolve(missing)]);
    if (first === missing) throw new Error(`Ended and did not ${deed}: ${this.describe()}`);
    return first as T;
  }
}
