/**
 * What the parts of one route are resolved with. Plain data. Pure.
 *
 * @module
 */
import type { ListenConfig, RelayEngineName, RouteMode } from "./config.ts";
import type { HostIndex } from "./check_hosts.ts";
import type { ReadMapping } from "./read_values.ts";
import type { Report } from "./report.ts";
import type { DefaultsValues, RouteValues } from "./schema.ts";

/** What every route shares. */
export interface FileContext {
  readonly defaults: Partial<DefaultsValues>;
  readonly listen: ListenConfig;
  readonly engine: RelayEngineName;
  readonly hosts: HostIndex;
  readonly report: Report;
  /** Makes a path of the file absolute. */
  readonly resolvePath: (path: string) => string;
}

/** One route whose mode is known. */
export interface RouteContext extends FileContext {
  readonly route: ReadMapping<RouteValues>;
  readonly mode: RouteMode;
}
