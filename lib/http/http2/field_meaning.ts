/**
 * What has to be done about a field of a request, by its name. Plain data. Pure.
 *
 * @module
 */
import { STATIC_FIELDS } from "./hpack/static_table.ts";

/** What a field is. */
export type FieldMeaning =
  /** Passed on as it is. */
  | "plain"
  /** Says what HTTP/1.1 says in its first line (RFC 9113 §8.3.1). */
  | "pseudo"
  /** Malformed: HTTP/2 says such things otherwise (RFC 9113 §8.2.2). */
  | "connection"
  /** Looked at, and mostly passed on. */
  | "special";

/** Of nearly every request; the static table has most others. */
const USUAL_NAMES = [
  "dnt",
  "origin",
  "priority",
  "sec-ch-ua",
  "sec-ch-ua-mobile",
  "sec-ch-ua-platform",
  "sec-fetch-dest",
  "sec-fetch-mode",
  "sec-fetch-site",
  "sec-fetch-user",
  "sec-gpc",
  "upgrade-insecure-requests",
  "x-requested-with",
] as const;

const MEANINGS = {
  pseudo: [":authority", ":method", ":path", ":scheme"],
  connection: ["connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"],
  special: ["content-length", "cookie", "expect", "host", "te"],
} as const;

/** By name, in lower case. Of what is not there, a name with a colon is malformed, and any other "plain". */
export const FIELD_MEANING: ReadonlyMap<string, FieldMeaning> = makeMeanings();

function makeMeanings(): Map<string, FieldMeaning> {
  const meanings = new Map<string, FieldMeaning>();
  const names = [...STATIC_FIELDS.map(([name]) => name), ...USUAL_NAMES];
  for (const name of names) if (/^[^:]/.test(name)) meanings.set(name, "plain");
  for (const name of MEANINGS.pseudo) meanings.set(name, "pseudo");
  for (const name of MEANINGS.connection) meanings.set(name, "connection");
  for (const name of MEANINGS.special) meanings.set(name, "special");
  return meanings;
}
