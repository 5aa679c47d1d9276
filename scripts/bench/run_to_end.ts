/**
 * Runs a load generator to its end. Does I/O.
 *
 * @module
 */

/** 5 GiB take a minute, and several where much else runs; what takes as long as this hangs. */
const RUN_MAX_MS = 600_000;

/**
 * Runs a program and returns what it printed to standard output.
 *
 * @throws {Error} If it does not end with code 0 within 600 s; the message holds its output.
 */
export async function runToEnd(program: string, args: readonly string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(program, {
    args: [...args],
    env: { NO_COLOR: "1" },
    signal: AbortSignal.timeout(RUN_MAX_MS),
  }).output();
  const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  if (!success) throw new Error(`${program} failed:\n${out.slice(-2_000)}${err.slice(-2_000)}`);
  return out;
}
