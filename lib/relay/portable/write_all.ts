/**
 * `Deno.Conn.write` may take fewer bytes than it is given; this goes on until all are taken. Has no
 * time limit: closing the connection ends it.
 *
 * @module
 */

/** Writes every byte. @throws {Error} If the connection is closed or reset. */
export async function writeAll(connection: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let sent = 0; sent < bytes.length;) {
    sent += await connection.write(sent === 0 ? bytes : bytes.subarray(sent));
  }
}
