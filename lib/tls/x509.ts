/**
 * Loads the X.509 library when it is first needed: making certificates and signing requests is rare,
 * and the import costs 0.1 s of start-up and several megabytes. Reading certificates does not need it.
 *
 * @module
 */

/** ECDSA on P-256 with SHA-256, for every key Postern makes: small, quick, and any client has it. */
export const ES256 = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;

/** Loads the library, the first time from disk. */
export async function loadX509(): Promise<typeof import("@peculiar/x509")> {
  await import("reflect-metadata"); // Its dependency injection refuses to load without.
  return await import("@peculiar/x509");
}

/** Generates a key pair that can be exported. */
export function generateKeyPair(): Promise<CryptoKeyPair> {
  return crypto.subtle.generateKey(ES256, true, ["sign", "verify"]);
}

/** Encodes a private key as PKCS#8 in PEM (RFC 5958, RFC 7468 §10). */
export async function encodePrivateKey(key: CryptoKey): Promise<string> {
  return encodePem("PRIVATE KEY", new Uint8Array(await crypto.subtle.exportKey("pkcs8", key)));
}

/** Encodes a certificate in PEM (RFC 7468 §5), with a final line end. */
export function encodeCertificate(der: ArrayBuffer): string {
  return encodePem("CERTIFICATE", new Uint8Array(der));
}

function encodePem(label: string, der: Uint8Array): string {
  const lines = der.toBase64().match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ""].join("\n");
}
