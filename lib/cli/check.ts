/**
 * `postern check`.
 *
 * @module
 */
import type { Verb } from "./command_line.ts";
import { readConfig } from "./read_config.ts";

/** Reads the configuration and reports every problem; touches nothing. */
export const check: Verb = async (options, terminal) => {
  const config = await readConfig(options.config, terminal);
  if (config === undefined) return 2;
  const hosts = config.routes.reduce((count, route) => count + route.hosts.length, 0);
  terminal.out(
    `${options.config}: ok, ${plural(config.routes.length, "route")}, ${plural(hosts, "host")}`,
  );
  return 0;
};

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
