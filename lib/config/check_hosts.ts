/**
 * Checks that a host stands once in the file. Works on the values as they stand, so that a route that
 * is broken elsewhere still counts. Pure.
 *
 * @module
 */
import { formatHostPattern, type HostPattern } from "../base/hostnames.ts";
import { quote } from "./problem.ts";
import type { Path, Report } from "./report.ts";
import { Host } from "./scalars.ts";

/** Every host of the file, by its normalized text, with the path of its first mention. */
export type HostIndex = ReadonlyMap<string, Path>;

/**
 * Reports hosts that stand twice, naming both places.
 *
 * @param routeCount Routes in the file.
 */
export function checkHosts(routeCount: number, report: Report): HostIndex {
  const index = new Map<string, Path>();
  for (let route = 0; route < routeCount; route++) {
    const hosts = report.valueAt(["routes", route, "hosts"]);
    if (!Array.isArray(hosts)) continue;
    hosts.forEach((host: unknown, item) => {
      const pattern = Host.safeParse(host);
      if (!pattern.success) return;
      const path: Path = ["routes", route, "hosts", item];
      const name = formatHostPattern(pattern.data);
      const first = index.get(name);
      if (first === undefined) index.set(name, path);
      else reportTwice(path, first, report);
    });
  }
  return index;
}

/** Finds the entry of `hosts` that a hostname belongs to: exact, else wildcard, else catch-all. */
export function findHost(index: HostIndex, hostname: string): Path | undefined {
  const dot = hostname.indexOf(".");
  const wildcard: HostPattern = { kind: "wildcard", name: hostname.slice(dot + 1) };
  const byWildcard = dot < 0 ? undefined : index.get(formatHostPattern(wildcard));
  return index.get(hostname) ?? byWildcard ?? index.get("*");
}

function reportTwice(path: Path, first: Path, report: Report): void {
  const host = String(report.valueAt(path));
  const isSameText = host === report.valueAt(first);
  report.add(
    path,
    `Cannot add route ${quote(host)}: hostname is already used at ${report.placeOf(first)}`,
    {
      hint: isSameText
        ? undefined
        : "hostnames are compared without regard to case and a final dot",
    },
  );
}
