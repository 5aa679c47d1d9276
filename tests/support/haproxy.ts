/**
 * haproxy with a configuration made for one test, and what it saw of the client.
 *
 * @module
 */
import {
  type ConfiguredServer,
  type ServerPlace,
  startConfiguredServer,
} from "./configured_server.ts";
import { requireInstalled } from "./installed.ts";

/** What haproxy serves. */
export interface HaproxyOptions {
  /** How many free ports the sections need. Default 1. */
  readonly portCount?: number;
  /** Returns `frontend`, `backend` and `listen` sections, for instance with `bind … accept-proxy`. */
  readonly sections: (place: ServerPlace) => string;
}

/**
 * Starts haproxy and waits until its ports accept. Lines of its access log read
 * `client=<address, after accept-proxy>:<port> frontend=… state=<termination state> request="…"
 * status=200`; in `mode tcp` the request is empty and the status 0.
 */
export async function startHaproxy(options: HaproxyOptions): Promise<ConfiguredServer> {
  return await startConfiguredServer({
    program: requireInstalled("haproxy"),
    portCount: options.portCount ?? 1,
    files: (place) => ({ "haproxy.cfg": renderConfig(options, place) }),
    args: ({ folder }) => ["-db", "-f", `${folder}/haproxy.cfg`],
  });
}

function renderConfig(options: HaproxyOptions, place: ServerPlace): string {
  return [
    "global",
    "  log stdout format raw local0 info",
    "defaults",
    "  mode http",
    "  log global",
    // The test's own look whether the port is open is not an access.
    "  option dontlognull",
    "  timeout connect 5s",
    "  timeout client 30s",
    "  timeout server 30s",
    `  log-format 'access client=%ci:%cp frontend=%f state=%ts request="%r" status=%ST'`,
    options.sections(place),
    "",
  ].join("\n");
}
