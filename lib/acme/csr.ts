/**
 * Certificate signing requests (PKCS#10, RFC 2986) as RFC 8555 §7.4 wants them. Pure.
 *
 * @module
 */
import { ES256, loadX509 } from "../tls/x509.ts";
import { encodeBase64url } from "./jws.ts";

/**
 * Makes a request for one hostname, signed with the key it is for. The name stands in subjectAltName
 * only: Let's Encrypt takes common names of at most 64 characters, and none is needed.
 *
 * @returns DER in base64url.
 */
export async function encodeCsr(keys: CryptoKeyPair, hostname: string): Promise<string> {
  const x509 = await loadX509();
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    name: "",
    keys,
    signingAlgorithm: ES256,
    extensions: [new x509.SubjectAlternativeNameExtension([{ type: "dns", value: hostname }])],
  });
  return encodeBase64url(new Uint8Array(request.rawData));
}
