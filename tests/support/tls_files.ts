/**
 * A server's certificate and the authority that signed it, as files for programs that want files.
 * Whoever makes them disposes of them. Does I/O.
 *
 * @module
 */
import { makeAuthority, makeCertificate, type TestCertificate } from "./certificates.ts";
import { makeTempFolder } from "./temp_folder.ts";

/** The files, as absolute paths, and what is in them. */
export interface TlsFiles extends Disposable {
  readonly certFile: string;
  readonly keyFile: string;
  readonly caFile: string;
  readonly certificate: TestCertificate;
  readonly authority: TestCertificate;
}

/** Makes a certificate for `names` with a fresh authority. */
export async function makeTlsFiles(names: readonly string[]): Promise<TlsFiles> {
  const authority = await makeAuthority();
  const certificate = await makeCertificate({ names, ca: authority });
  const folder = makeTempFolder("postern-tls-");
  return {
    certFile: folder.write("cert.pem", certificate.certPem),
    keyFile: folder.write("key.pem", certificate.keyPem),
    caFile: folder.write("ca.pem", authority.certPem),
    certificate,
    authority,
    [Symbol.dispose]: () => folder[Symbol.dispose](),
  };
}

/** The lines with which nginx uses them. */
export function nginxTls({ certFile, keyFile }: TlsFiles): string {
  // Before 1.23.4, nginx leaves version 1.3 off.
  return `ssl_protocols TLSv1.2 TLSv1.3; ssl_certificate ${certFile}; ssl_certificate_key ${keyFile};`;
}

/** The lines with which Apache uses them. */
export function apacheTls({ certFile, keyFile }: TlsFiles): string {
  return `SSLEngine on\nSSLCertificateFile ${certFile}\nSSLCertificateKeyFile ${keyFile}`;
}
