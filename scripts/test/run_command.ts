/**
 * Runs one command, shows what it prints while it prints it, and keeps the lines. Does I/O.
 *
 * @module
 */

/** Milliseconds for the last output after the end. */
const PIPE_END_MS = 2_000;

/** How a command ended. */
export interface CommandResult {
  readonly success: boolean;
  /** In words: `exit code 1`, `not started: …`, `not done within 600 s`. */
  readonly why: string;
  /** Lines of standard output. */
  readonly lines: readonly string[];
  readonly durationMs: number;
}

/** How to run a command. */
export interface CommandOptions {
  /** Milliseconds, after which the command is ended: a hanging test must not hang the run. */
  readonly timeoutMs: number;
  /** The whole environment. */
  readonly env: Readonly<Record<string, string>>;
}

/** Runs a command to its end; never throws because of what the command does. */
export async function runCommand(
  command: string,
  args: readonly string[],
  options: CommandOptions,
): Promise<CommandResult> {
  const startedMs = performance.now();
  const result = (success: boolean, why: string, lines: readonly string[] = []) => ({
    success,
    why,
    lines,
    durationMs: performance.now() - startedMs,
  });
  let child: Deno.ChildProcess;
  try {
    child = spawn(command, args, options);
  } catch (error) {
    return result(false, `not started: ${error instanceof Error ? error.message : error}`);
  }
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    child.kill("SIGKILL");
  }, options.timeoutMs);
  const ended = new AbortController();
  const shown = showLines(child.stdout, ended.signal);
  const status = await child.status;
  clearTimeout(timer);
  // What it started may hold the pipe open after it has gone; only what is in the pipe matters.
  const pipeTimer = setTimeout(() => ended.abort(), PIPE_END_MS);
  const lines = await shown;
  clearTimeout(pipeTimer);
  const why = timedOut ? `not done within ${options.timeoutMs / 1_000} s` : wordsOf(status);
  return result(status.success, why, lines);
}

function spawn(command: string, args: readonly string[], options: CommandOptions) {
  return new Deno.Command(command, {
    args: [...args],
    clearEnv: true,
    env: { ...options.env },
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
}

/** Passes the bytes on as they come, so that progress is seen, and returns them as lines. */
async function showLines(
  output: ReadableStream<Uint8Array>,
  signal: AbortSignal,
): Promise<string[]> {
  const reader = output.getReader();
  signal.addEventListener("abort", () => void reader.cancel());
  const decoder = new TextDecoder();
  let text = "";
  while (true) {
    const { done, value } = await reader.read();
    if (done) return text.split("\n");
    await writeAll(value);
    text += decoder.decode(value, { stream: true });
  }
}

async function writeAll(bytes: Uint8Array): Promise<void> {
  for (let written = 0; written < bytes.length;) {
    written += await Deno.stdout.write(bytes.subarray(written));
  }
}

function wordsOf(status: Deno.CommandStatus): string {
  return status.signal === null ? `exit code ${status.code}` : `ended by ${status.signal}`;
}
