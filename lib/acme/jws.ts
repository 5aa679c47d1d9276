/**
 * JSON Web Signatures as ACME wants them (RFC 7515, RFC 8555 §6.2): flattened, ES256. Pure.
 *
 * @module
 */
import { ES256 } from "../tls/x509.ts";

/** The public part of a P-256 key (RFC 7518 §6.2.1), members in the order of RFC 7638 §3.2. */
export interface PublicJwk {
  readonly crv: string;
  readonly kty: string;
  readonly x: string;
  readonly y: string;
}

/** Who signs: a new account by its key, an existing one by its URL (RFC 8555 §6.2). */
export type JwsIdentity = { readonly jwk: PublicJwk } | { readonly kid: string };

/** What the protected header says besides the algorithm. */
export interface JwsHeader {
  readonly identity: JwsIdentity;
  /** RFC 8555 §6.5. */
  readonly nonce: string;
  /** RFC 8555 §6.4: the URL it is sent to. */
  readonly url: string;
}

/**
 * Signs a payload.
 *
 * @param payload `undefined` makes the empty payload of POST-as-GET (RFC 8555 §6.3).
 * @returns The JSON to send as `application/jose+json`.
 */
export async function signJws(
  key: CryptoKey,
  header: JwsHeader,
  payload: unknown,
): Promise<string> {
  const { identity, nonce, url } = header;
  const protectedHeader = encodeJson({ alg: "ES256", nonce, url, ...identity });
  const body = payload === undefined ? "" : encodeJson(payload);
  const input = new TextEncoder().encode(`${protectedHeader}.${body}`);
  // WebCrypto's ECDSA signature is R and S side by side, which is what RFC 7518 §3.4 wants.
  const signature = new Uint8Array(await crypto.subtle.sign(ES256, key, input));
  return JSON.stringify({
    protected: protectedHeader,
    payload: body,
    signature: encodeBase64url(signature),
  });
}

/** Returns the public part of a key. */
export async function publicJwk(key: CryptoKey): Promise<PublicJwk> {
  const { crv, kty, x, y } = await crypto.subtle.exportKey("jwk", key);
  return { crv: crv!, kty: kty!, x: x!, y: y! };
}

/** Returns the SHA-256 thumbprint of a key (RFC 7638 §3), base64url. */
export async function jwkThumbprint({ crv, kty, x, y }: PublicJwk): Promise<string> {
  const canonical = new TextEncoder().encode(JSON.stringify({ crv, kty, x, y }));
  return encodeBase64url(new Uint8Array(await crypto.subtle.digest("SHA-256", canonical)));
}

/** Encodes as base64url without padding (RFC 8555 §6.1). */
export function encodeBase64url(bytes: Uint8Array): string {
  return bytes.toBase64({ alphabet: "base64url", omitPadding: true });
}

function encodeJson(value: unknown): string {
  return encodeBase64url(new TextEncoder().encode(JSON.stringify(value)));
}
