/**
 * Reads the certificates that a server's has to be issued by. Each is looked at here, once: for each
 * connection that takes 90 us a certificate, and the bundle of a system has 145. Does I/O.
 *
 * @module
 */
import { X509Certificate } from "node:crypto";
import { CERTIFICATE_FILE_MAX_BYTES } from "../../base/certificate_limits.ts";
import { errorText } from "../../base/failures.ts";
import { readUserText } from "../../base/user_file.ts";

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

/**
 * Reads the PEM text of `upstream_tls.ca`.
 *
 * @throws {Error} If there is no certificate in it, or one that cannot be read; the message names the file.
 */
export async function readAuthorities(path: string): Promise<string> {
  let pem: string;
  try {
    pem = await readUserText(path, CERTIFICATE_FILE_MAX_BYTES);
  } catch (error) {
    throw new Error(`Cannot read upstream_tls.ca "${path}": ${errorText(error)}`, { cause: error });
  }
  const refuse = (what: string) => new Error(`Cannot use upstream_tls.ca "${path}": ${what}`);
  const blocks = pem.match(CERTIFICATE) ?? [];
  if (blocks.length === 0) throw refuse("no certificate in it, expected PEM");
  for (const [index, block] of blocks.entries()) {
    try {
      new X509Certificate(block);
    } catch (error) {
      throw refuse(`certificate ${index + 1} cannot be read: ${errorText(error)}`);
    }
  }
  return pem;
}
