/**
 * The account with a directory (RFC 8555 §7.1.2, §7.3): its key and URL, kept in the store. Does I/O.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { z } from "zod";
import { errorText } from "../base/failures.ts";
import type { Log } from "../base/log.ts";
import { type Parsed, readParsed } from "../state/read_parsed.ts";
import type { Store } from "../state/store.ts";
import { ES256, generateKeyPair } from "../tls/x509.ts";
import { AcmeError, parseJson } from "./acme_error.ts";
import type { Directory } from "./directory.ts";
import { publicJwk } from "./jws.ts";
import type { AcmeTransport } from "./transport.ts";

/** An account that the CA knows. */
export interface Account {
  readonly keys: CryptoKeyPair;
  /** The `kid` of signed requests (RFC 8555 §6.2). */
  readonly url: string;
}

/** What opening an account takes. */
export interface AccountOptions {
  readonly transport: AcmeTransport;
  readonly directory: Directory;
  readonly directoryUrl: string;
  readonly email: string | undefined;
  readonly store: Store;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** The CA has said that it does not know the URL that is stored: register its key again. */
  readonly isForgotten: boolean;
}

/** In the store: one value, so that a key never parts from its URL. */
const RecordSchema = z.object({
  directory: z.string(),
  /** Missing until the CA has answered. */
  url: z.string().optional(),
  key: z.object({
    kty: z.literal("EC"),
    crv: z.literal("P-256"),
    x: z.string(),
    y: z.string(),
    /** The secret. */
    d: z.string(),
  }),
});
type AccountRecord = z.infer<typeof RecordSchema>;

/** Returns the name in the store: the CA's host for people, and a digest of the whole URL. */
export function accountName(directoryUrl: string): string {
  const digest = createHash("sha256").update(directoryUrl).digest("hex").slice(0, 12);
  const host = new URL(directoryUrl).hostname.replace(/[^a-z0-9.-]/g, "").replace(
    /^[^a-z0-9]+/,
    "",
  );
  return `accounts/${(host + "-" + digest).slice(-200)}.json`;
}

/**
 * Loads the account, and registers it where there is none, or its registration was interrupted. The
 * key is saved before the CA hears of it: asked twice with one key, a CA returns the account that
 * exists (RFC 8555 §7.3.1).
 *
 * @throws {AcmeError} If the CA does not register it.
 * @throws {StateError} If the key can neither be read nor saved.
 */
export async function openAccount(options: AccountOptions): Promise<Account> {
  const { store, directoryUrl, signal } = options;
  const name = accountName(directoryUrl);
  using _lock = await store.lock(name, signal);
  const record = await readParsed(store, name, parseRecord) ?? await createRecord(options);
  const keys = await importKeys(record.key);
  if (record.url !== undefined && !options.isForgotten) return { keys, url: record.url };
  const url = await register(keys, options);
  await saveUrl({ ...record, url }, options);
  return { keys, url };
}

async function createRecord(options: AccountOptions): Promise<AccountRecord> {
  const { privateKey } = await generateKeyPair();
  const { kty, crv, x, y, d } = await crypto.subtle.exportKey("jwk", privateKey);
  const key = { kty, crv, x, y, d } as AccountRecord["key"];
  const record = { directory: options.directoryUrl, key };
  await options.store.write(accountName(options.directoryUrl), encodeRecord(record));
  return record;
}

/** RFC 8555 §7.3. @returns The account's URL. */
async function register(keys: CryptoKeyPair, options: AccountOptions): Promise<string> {
  const { transport, directory, email, log, signal } = options;
  const answer = await transport.post({
    url: directory.newAccount,
    payload: {
      termsOfServiceAgreed: true,
      ...(email === undefined ? {} : { contact: [`mailto:${email}`] }),
    },
    key: keys.privateKey,
    identity: { jwk: await publicJwk(keys.publicKey) },
    newNonceUrl: directory.newNonce,
    isSafe: true,
  }, signal);
  if (answer.location === undefined) {
    throw new AcmeError("unexpected", { detail: `${directory.newAccount} gives no account URL` });
  }
  log.info("Registered with the certificate authority", { directory: options.directoryUrl });
  return answer.location;
}

/** The URL may get lost: it is asked for again with the key, which is saved. */
async function saveUrl(record: AccountRecord, options: AccountOptions): Promise<void> {
  try {
    await options.store.write(accountName(options.directoryUrl), encodeRecord(record));
  } catch (error) {
    options.log.warn("Cannot save the URL of the account", { error: errorText(error) });
  }
}

function encodeRecord(record: AccountRecord): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(record, undefined, 2) + "\n");
}

async function parseRecord(text: string): Promise<Parsed<AccountRecord>> {
  const parsed = RecordSchema.safeParse(parseJson(text));
  if (!parsed.success) return { kind: "problem", problem: "not an account" };
  try {
    await importKeys(parsed.data.key);
    return { kind: "value", value: parsed.data };
  } catch {
    return { kind: "problem", problem: "its key cannot be used" };
  }
}

async function importKeys({ d, ...publicPart }: AccountRecord["key"]): Promise<CryptoKeyPair> {
  const importKey = (jwk: JsonWebKey, usage: KeyUsage) =>
    crypto.subtle.importKey("jwk", jwk, ES256, true, [usage]);
  const [privateKey, publicKey] = await Promise.all([
    importKey({ ...publicPart, d }, "sign"),
    importKey(publicPart, "verify"),
  ]);
  return { privateKey, publicKey };
}
