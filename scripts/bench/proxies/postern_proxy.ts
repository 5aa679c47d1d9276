/**
 * Postern as its users run it: the `postern` task's command and permissions. Does I/O.
 *
 * @module
 */
import { type Postern, startPostern } from "../../../tests/support/postern.ts";
import type { BackendPorts } from "../backends.ts";
import { countRoutes, type PosternConfigOptions, renderPosternConfig } from "./postern_config.ts";
import type { SharedCertificate } from "../shared_certificate.ts";
import type { Plane, Proxy, ProxyKind } from "./proxy.ts";

/** As much as the idle connections need, and as much as the peers are allowed. */
const OPEN_FILES_MAX = 20_000;

/** How long one reload may take. */
const RELOAD_MAX_MS = 60_000;

/** How one Postern differs from another. */
export interface PosternKind extends Omit<PosternConfigOptions, "certificate"> {
  readonly certificate: SharedCertificate;
  readonly name: string;
  readonly planes: readonly Plane[];
}

/** The Postern of this folder. */
export function posternProxy(kind: PosternKind): ProxyKind {
  return {
    name: kind.name,
    planes: kind.planes,
    start: (backends) => startPosternProxy(kind, backends),
  };
}

async function startPosternProxy(kind: PosternKind, backends: BackendPorts): Promise<Proxy> {
  const config = renderPosternConfig(kind, backends);
  const postern = await startPostern(config, { openFilesMax: OPEN_FILES_MAX });
  let extraRoutes = 0;
  return {
    name: kind.name,
    pid: postern.process.pid,
    port: postern.https[0].port,
    caFile: kind.certificate.caFile,
    tableHosts: kind.tableHosts,
    engine: kind.engine,
    // Each configuration has one more route: the log's line tells which one it is about.
    reload: () =>
      reload(postern, renderPosternConfig({ ...kind, extraRoutes: ++extraRoutes }, backends)),
    [Symbol.asyncDispose]: () => postern[Symbol.asyncDispose](),
  };
}

async function reload(postern: Postern, config: string): Promise<void> {
  postern.writeConfig(config);
  postern.process.kill("SIGHUP");
  await postern.waitForLog(new RegExp(`reloaded routes=${countRoutes(config)}\\b`), RELOAD_MAX_MS);
}
