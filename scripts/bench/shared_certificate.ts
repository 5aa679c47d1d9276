/**
 * The one certificate that every proxy terminates TLS with, as files, so that a handshake costs all of
 * them the same: a P-256 key, signed by an authority that the loads trust. Whoever makes it disposes
 * of it. Does I/O.
 *
 * @module
 */
import { makeAuthority, makeCertificate } from "../../tests/support/certificates.ts";
import { makeTempFolder } from "../../tests/support/temp_folder.ts";

/** Absolute paths, readable by every user. */
export interface SharedCertificate extends Disposable {
  readonly certFile: string;
  readonly keyFile: string;
  /** Certificate and key in one file, as HAProxy wants them. */
  readonly bothFile: string;
  /** What clients verify with. */
  readonly caFile: string;
}

/** Makes a certificate for these hostnames. */
export async function makeSharedCertificate(
  hostnames: readonly string[],
): Promise<SharedCertificate> {
  const authority = await makeAuthority("Bench authority");
  const { certPem, keyPem } = await makeCertificate({ names: hostnames, ca: authority });
  const folder = makeTempFolder("postern-bench-tls-");
  Deno.chmodSync(folder.path, 0o755);
  return {
    certFile: folder.write("cert.pem", certPem),
    keyFile: folder.write("key.pem", keyPem),
    bothFile: folder.write("both.pem", certPem + keyPem),
    caFile: folder.write("ca.pem", authority.certPem),
    [Symbol.dispose]: () => folder[Symbol.dispose](),
  };
}
