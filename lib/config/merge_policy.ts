/**
 * What a policy comes to when a route gives part of it and `defaults` the rest, or a path and its
 * route: mappings are merged key by key, anything else replaces. Pure.
 *
 * @module
 */
import type { RouteContext } from "./route_context.ts";
import type { DefaultsValues } from "./schema.ts";

/** A key that a route shares with `defaults`. */
type SharedKey = keyof DefaultsValues;

/** What is given of a policy that may be `off`. */
type Given<K extends SharedKey> = Exclude<NonNullable<DefaultsValues[K]>, "off">;

/** @returns undefined if the policy is not given, or switched off. */
export function mergePolicy<K extends SharedKey>(
  { defaults, route }: Pick<RouteContext, "defaults" | "route">,
  key: K,
): Given<K> | undefined {
  const merged = mergeValues(defaults[key], (route.values as Partial<DefaultsValues>)[key]);
  return merged === "off" ? undefined : merged as Given<K> | undefined;
}

/** Merges two values of one key. @param under What holds where `over` says nothing. */
export function mergeValues(under: unknown, over: unknown): unknown {
  if (over === undefined) return under;
  return isMapping(under) && isMapping(over) ? { ...under, ...over } : over;
}

function isMapping(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
