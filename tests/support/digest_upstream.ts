/**
 * A server that answers with what it received: framing, length and checksum. Loopback, port 0. Whoever
 * starts one disposes of it.
 *
 * @module
 */
import { digest } from "./payload.ts";

/** A running server. */
export interface DigestUpstream extends AsyncDisposable {
  readonly address: { readonly port: number };
}

/** Starts it. */
export function startDigestUpstream(): DigestUpstream {
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    async ({ body, headers }) => {
      const framing = {
        length: headers.get("content-length"),
        coding: headers.get("transfer-encoding"),
      };
      return Response.json({ ...framing, received: await digest(body ?? new Blob([]).stream()) });
    },
  );
  return {
    address: { port: server.addr.port },
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}
