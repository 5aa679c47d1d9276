/**
 * The two streams a verb writes to. Results go to standard output, everything about the work to
 * standard error. Does I/O.
 *
 * @module
 */

/** Where a verb writes, and how. */
export interface Terminal {
  /** Writes one line of the result. */
  out(line: string): void;
  /** Writes one line about the work. */
  err(line: string): void;
  /** Whether standard error understands colour: a terminal, and `NO_COLOR` is not set. */
  readonly color: boolean;
}

/** The streams of this process. */
export function openTerminal(): Terminal {
  return {
    out: (line) => writeLine(Deno.stdout, line),
    err: (line) => writeLine(Deno.stderr, line),
    color: Deno.stderr.isTerminal() && !Deno.env.get("NO_COLOR"),
  };
}

function writeLine(stream: { writeSync(bytes: Uint8Array): number }, line: string): void {
  const bytes = new TextEncoder().encode(`${line}\n`);
  try {
    for (let sent = 0; sent < bytes.length;) sent += stream.writeSync(bytes.subarray(sent));
  } catch {
    // The reader has left (`postern routes | head`), or the disk behind a log is full: work goes on.
  }
}
