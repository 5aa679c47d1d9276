/**
 * Opens the listener that fits what its clients speak: our own engine for HTTP/1.1, which can tunnel,
 * and is strict; the runtime's for HTTP/2.
 *
 * @module
 */
import { openHttp1Server } from "./http1_server.ts";
import { openHttp2Server } from "./http2_server.ts";
import type { LoopbackOptions, LoopbackServer } from "./loopback_server.ts";

/** What the clients of a listener speak; the relay has seen what they offer. */
export type ListenerVersion = "1.1" | "2";

/**
 * Opens a listener on 127.0.0.1 and any free port. Whoever opens it closes it.
 *
 * @throws {Error} If the certificate and the key do not belong together, or no descriptor is free.
 */
export function openLoopbackServer(
  version: ListenerVersion,
  options: LoopbackOptions,
): LoopbackServer {
  return version === "2" ? openHttp2Server(options) : openHttp1Server(options);
}
