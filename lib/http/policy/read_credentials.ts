/**
 * Name and password of a request, from its `Authorization` field (RFC 7617 §2). Pure. Input comes from
 * strangers.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { isFieldName } from "../http1/grammar.ts";
import type { HeaderLine } from "../message.ts";

/** What a client shows. */
export interface Credentials {
  readonly name: string;
  /** As it was encoded: UTF-8 from clients that follow `charset`. */
  readonly password: Uint8Array;
}

/** RFC 7235 §2.1: one space at least, then a token68, whose padding some clients leave out. */
const BASIC = /^basic +([A-Za-z0-9+/]+={0,2}) *$/i;

const COLON = 0x3a;

/**
 * Reads the credentials.
 *
 * @returns undefined if there are none, or if they are not those of the Basic scheme, or if there are
 * several: whoever comes next might read others than we do.
 */
export function readCredentials(headers: readonly HeaderLine[]): Credentials | undefined {
  const lines = headers.filter(([name]) => isFieldName(name, "authorization"));
  if (lines.length !== 1) return undefined;
  const encoded = BASIC.exec(lines[0][1])?.[1];
  if (encoded === undefined) return undefined;
  const bytes = Buffer.from(encoded, "base64");
  const colon = bytes.indexOf(COLON);
  if (colon < 0) return undefined;
  return { name: bytes.toString("utf8", 0, colon), password: bytes.subarray(colon + 1) };
}

/** Returns the headers without the credentials. */
export function withoutCredentials(headers: readonly HeaderLine[]): HeaderLine[] {
  return headers.filter(([name]) => !isFieldName(name, "authorization"));
}
