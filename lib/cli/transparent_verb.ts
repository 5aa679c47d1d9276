/**
 * `postern transparent`: the routing recipe for the routes of the configuration.
 *
 * @module
 */
import type { TcpAddress } from "../base/addresses.ts";
import type { Config } from "../config/config.ts";
import type { Verb } from "./command_line.ts";
import { readConfig } from "./read_config.ts";
import { transparent } from "./transparent.ts";

/** Prints the recipe, applies it or removes it. Removing needs no configuration. */
export const transparentVerb: Verb = async ({ action = "print", config: path }, terminal) => {
  if (action === "remove") return await transparent([], { action, terminal });
  const config = await readConfig(path, terminal);
  return config === undefined
    ? 2
    : await transparent(clientSourceServers(config), { action, terminal });
};

/** Lists the servers that are connected to from clients' addresses. Pure. */
export function clientSourceServers({ routes }: Config): TcpAddress[] {
  return routes.filter(({ source }) => source !== "proxy")
    .flatMap(({ servers }) => servers.map(({ address }) => address))
    .filter((address) => address.kind === "tcp");
}
