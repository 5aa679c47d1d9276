/**
 * `listen` -> public addresses: defaults put in, addresses that exclude each other refused. Pure.
 *
 * @module
 */
import { formatAddress, type TcpAddress } from "../base/addresses.ts";
import type { ListenConfig } from "./config.ts";
import { overlaps } from "./own_addresses.ts";
import { quote } from "./problem.ts";
import type { Path, Report } from "./report.ts";
import type { FileValues } from "./schema.ts";

const DEFAULTS: ListenConfig = {
  https: [{ kind: "tcp", hostname: "::", port: 443 }],
  http: [{ kind: "tcp", hostname: "::", port: 80 }],
};

/** One public address and where it stands; a default stands nowhere. */
interface Placed {
  readonly address: TcpAddress;
  readonly path: Path | undefined;
}

/** Puts in the defaults and reports addresses of which only one can be opened. */
export function resolveListen(values: FileValues["listen"], report: Report): ListenConfig {
  const listen = {
    https: values?.https ?? DEFAULTS.https,
    http: values?.http ?? DEFAULTS.http,
  };
  const placed = (key: "https" | "http"): Placed[] =>
    listen[key].map((address, index) => ({
      address,
      path: values?.[key] && report.itemPath(["listen", key], index),
    }));
  refuseOverlaps([...placed("https"), ...placed("http")], report);
  return listen;
}

/** Of a pair, the one that stands in the file is reported; of two, the later. */
function refuseOverlaps(all: readonly Placed[], report: Report): void {
  all.forEach((later, index) => {
    const earlier = all.slice(0, index).find((other) => overlaps(other.address, later.address));
    if (earlier === undefined) return;
    const [refused, other] = later.path === undefined ? [earlier, later] : [later, earlier];
    if (refused.path === undefined) return;
    const where = other.path === undefined ? "by default" : `at ${report.placeOf(other.path)}`;
    const name = quote(formatAddress(other.address));
    const isWildcard = other.address.hostname === "::" && refused.address.hostname !== "::";
    report.cannotUse(refused.path, `its port is already taken by ${name} ${where}`, {
      hint: isWildcard ? `remove it: ${name} accepts on every interface, IPv4 too` : undefined,
    });
  });
}
