/**
 * Closing is the one thing that may be done twice: by the side that failed and by the one that noticed.
 *
 * @module
 */

/** Closes a connection or a listener that may already be closed. */
export function closeQuietly(closable: { close(): void }): void {
  try {
    closable.close();
  } catch (error) {
    // BadResource says that it is closed already, which is what was asked for.
    if (!(error instanceof Deno.errors.BadResource)) throw error;
  }
}
