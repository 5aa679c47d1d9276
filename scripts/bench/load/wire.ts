/**
 * Whole reads and whole writes on a connection. Does I/O; closes nothing.
 *
 * @module
 */

/** Writes every byte. @throws {Error} If the connection breaks. */
export async function writeWhole(connection: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let sent = 0; sent < bytes.length;) {
    sent += await connection.write(sent === 0 ? bytes : bytes.subarray(sent));
  }
}

/** Fills `bytes`. @throws {Error} If the stream ends before. */
export async function readWhole(connection: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let read = 0; read < bytes.length;) {
    const count = await connection.read(read === 0 ? bytes : bytes.subarray(read));
    if (count === null) throw new Error(`The stream ended after ${read} of ${bytes.length} bytes`);
    read += count;
  }
}
