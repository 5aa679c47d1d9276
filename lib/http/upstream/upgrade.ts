/**
 * Whether a server has switched to a protocol it was asked for (RFC 9110 §7.8). Pure. Input comes from
 * strangers.
 *
 * @module
 */
import { isFieldName, trimOws } from "../http1/grammar.ts";
import type { HeaderLine } from "../message.ts";

/**
 * Says whether every protocol that a 101 names is among those asked for, and there is one. Names are
 * compared without regard to case, as §7.8 wants it.
 *
 * @param asked The value of the request's `Upgrade`.
 */
export function isUpgradeAskedFor(headers: readonly HeaderLine[], asked: string): boolean {
  const offered = new Set(protocolsOf(asked));
  const taken = headers.filter(([name]) => isFieldName(name, "upgrade"))
    .flatMap(([, value]) => protocolsOf(value));
  return taken.length > 0 && taken.every((protocol) => offered.has(protocol));
}

/** An empty member of a list means nothing (§5.6.1.2). */
function protocolsOf(value: string): string[] {
  return value.split(",").map((protocol) => trimOws(protocol).toLowerCase())
    .filter((protocol) => protocol !== "");
}
