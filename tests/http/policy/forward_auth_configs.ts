/**
 * A `forward_auth` as the configuration makes it. Plain data.
 *
 * @module
 */
import type { ForwardAuthConfig } from "../../../lib/config/config.ts";
import { makeServer } from "../../support/route_configs.ts";

/** Makes one that asks `http://auth.example:9091/verify?x`. */
export function makeForwardAuth(fields: Partial<ForwardAuthConfig> = {}): ForwardAuthConfig {
  return {
    server: makeServer(9_091),
    target: "/verify?x",
    authority: "auth.example:9091",
    copyHeaders: ["Remote-User", "Remote-Groups"],
    requestHeaders: undefined,
    timeoutMs: 1_000,
    ...fields,
  };
}
