/**
 * The two streams a verb writes to. Results go to standard output, everything about the work to
 * standard error. Does I/O.
 *
 * @module
 */

/** Where a verb writes, and how. Writing never throws: work goes on when nobody reads of it. */
export interface Terminal {
  /** Writes one line of the result. */
  out(line: string): void;
  /** Writes one line about the work. */
  err(line: string): void;
  /** Whether standard error understands colour: a terminal, and `NO_COLOR` is not set. */
  readonly color: boolean;
  /** Why a line of the result was lost; undefined if none was, or if its reader had left. */
  readonly lost: unknown;
}

/** The streams of this process. */
export function openTerminal(): Terminal {
  let lost: unknown;
  return {
    out: (line) => {
      lost ??= writeLine(Deno.stdout, line);
    },
    err: (line) => {
      // The disk behind a log is full, say: there is nowhere else to tell it.
      writeLine(Deno.stderr, line);
    },
    color: Deno.stderr.isTerminal() && !Deno.env.get("NO_COLOR"),
    get lost() {
      return lost;
    },
  };
}

/** @returns What kept the line from being written, unless its reader has left. */
function writeLine(stream: { writeSync(bytes: Uint8Array): number }, line: string): unknown {
  const bytes = new TextEncoder().encode(`${line}\n`);
  try {
    for (let sent = 0; sent < bytes.length;) sent += stream.writeSync(bytes.subarray(sent));
    return undefined;
  } catch (error) {
    // `postern routes | head`: it has read enough.
    return error instanceof Deno.errors.BrokenPipe ? undefined : error;
  }
}
