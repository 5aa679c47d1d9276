/**
 * Whether routes want servers to see the client's own address. Pure.
 *
 * @module
 */
import type { RouteConfig } from "../config/config.ts";

/** Says whether any route has `source: client`. */
export function needsClientSource(routes: readonly RouteConfig[]): boolean {
  return routes.some(({ source }) => source !== "proxy");
}
