/**
 * `upstream` -> servers: addresses are read as the mode needs them, and Postern itself is refused as
 * its own server. Pure.
 *
 * @module
 */
import { formatAddress } from "../base/addresses.ts";
import type { ServerConfig } from "./config.ts";
import { isOwnAddress } from "./own_addresses.ts";
import { quote } from "./problem.ts";
import type { Path } from "./report.ts";
import type { RouteContext } from "./route_context.ts";
import type { ServerChoice } from "./schema.ts";
import { parseServerAddress } from "./server_address.ts";

/** A server and where its address stands. */
export interface PlacedServer {
  readonly server: ServerConfig;
  readonly path: Path;
}

/**
 * Resolves the servers of a route.
 *
 * @returns The servers that are sound, in the order of the file.
 */
export function resolveServers(context: RouteContext): PlacedServer[] {
  const { mode, report } = context;
  if (mode !== "passthrough" && mode !== "offload") return [];
  const { path, values } = context.route;
  const key = values.upstream === undefined ? "upstreams" : "upstream";
  return (values[key] ?? []).flatMap((choice, index) => {
    const item = report.itemPath([...path, key], index);
    const placed = resolveServer(choice, item, { ...context, mode });
    return placed === undefined ? [] : [placed];
  });
}

function resolveServer(
  choice: ServerChoice,
  item: Path,
  context: RouteContext & { mode: "passthrough" | "offload" },
): PlacedServer | undefined {
  const { mode, report } = context;
  const path = choice.inMapping ? [...item, "url"] : item;
  const reading = parseServerAddress(choice.url, mode);
  if (reading.kind === "problem") {
    report.cannotUse(path, reading.state, { hint: reading.hint });
    return undefined;
  }
  if (isOwnAddress(reading.value.address, context.listen)) {
    report.cannotUse(path, "Postern itself listens there, expected the server's own address");
    return undefined;
  }
  if (mode === "offload" && choice.proxy_protocol !== undefined) {
    report.cannotUse([...item, "proxy_protocol"], 'mode "offload" has no use for it', {
      hint: "remove it: X-Forwarded-For and Forwarded carry the client's address",
    });
  }
  const given = choice.proxy_protocol ?? context.route.values.proxy_protocol ??
    context.defaults.proxy_protocol ?? "off";
  const proxyProtocol = mode === "passthrough" ? given : "off";
  const { weight = 1, backup: isBackup = false } = choice;
  return { path, server: { ...reading.value, proxyProtocol, weight, isBackup } };
}

/** Formats a server's address as it stands in the file, for messages. */
export function formatServer({ address }: ServerConfig): string {
  return quote(address.kind === "sample" ? "sample" : formatAddress(address));
}
