/**
 * Reads a password: a line of standard input, or from a terminal without showing it. Does I/O, and
 * leaves the terminal as it was.
 *
 * @module
 */

/** What a password is read from; `Deno.stdin` has this shape. */
export interface PasswordInput {
  /** @returns How many bytes, null at the end. */
  read(buffer: Uint8Array): Promise<number | null>;
  isTerminal(): boolean;
  /** Switches the terminal's own echo and line editing off and on. */
  setRaw(isRaw: boolean): void;
}

/** What came of it. */
export type ReadPassword =
  | { readonly kind: "password"; readonly password: Uint8Array }
  | { readonly kind: "problem"; readonly problem: string };

/** Longer ones are no passwords: a file was given by mistake. */
const PASSWORD_MAX_BYTES = 1_024;

const KEY = { interrupt: 0x03, end: 0x04, backspace: 0x08, lineFeed: 0x0a, enter: 0x0d };
const CLEAR = 0x15; // Ctrl-U
const DELETE = 0x7f;

/**
 * Reads one line.
 *
 * @param ask Says what is wanted; called if there is somebody to read it.
 */
export async function readPassword(input: PasswordInput, ask: () => void): Promise<ReadPassword> {
  if (!input.isTerminal()) return await readLine(input);
  ask();
  input.setRaw(true);
  try {
    return await readLine(input);
  } finally {
    input.setRaw(false);
  }
}

async function readLine(input: PasswordInput): Promise<ReadPassword> {
  const isTyped = input.isTerminal();
  const line: number[] = [];
  const byte = new Uint8Array(1);
  while (line.length <= PASSWORD_MAX_BYTES) {
    const count = await input.read(byte);
    if (count === null) return result(line);
    if (count === 0) continue;
    if (byte[0] === KEY.lineFeed) return result(withoutReturn(line));
    if (!isTyped) line.push(byte[0]);
    else if (byte[0] === KEY.interrupt) return problem("interrupted");
    else if (byte[0] === KEY.enter || byte[0] === KEY.end) return result(line);
    else edit(line, byte[0]);
  }
  return problem(`it has more than ${PASSWORD_MAX_BYTES} bytes`);
}

/** The keys that a terminal acts on by itself when it is not raw. */
function edit(line: number[], key: number): void {
  if (key === CLEAR) line.length = 0;
  else if (key !== KEY.backspace && key !== DELETE) line.push(key);
  else {
    // A character of UTF-8 has bytes 10xxxxxx behind its first one.
    while (line.length > 0 && (line.at(-1)! & 0xc0) === 0x80) line.pop();
    line.pop();
  }
}

function withoutReturn(line: number[]): number[] {
  return line.at(-1) === KEY.enter ? line.slice(0, -1) : line;
}

function result(line: readonly number[]): ReadPassword {
  return line.length === 0
    ? problem("it is empty")
    : { kind: "password", password: Uint8Array.from(line) };
}

function problem(text: string): ReadPassword {
  return { kind: "problem", problem: text };
}
