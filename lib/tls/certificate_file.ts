/**
 * Reads a certificate and its key from files of the user. Does I/O; bounded.
 *
 * @module
 */
import { errorText } from "../base/failures.ts";
import { CERTIFICATE_FILE_MAX_BYTES } from "../base/certificate_limits.ts";
import { readUserText } from "../base/user_file.ts";
import { type CertificateResult, parseCertificate } from "./certificate.ts";

/** Absolute paths; both may name one file. */
export interface CertificateFiles {
  readonly certFile: string;
  readonly keyFile: string;
}

/** Reads both files. @returns A problem that names the file. */
export async function readCertificateFiles(files: CertificateFiles): Promise<CertificateResult> {
  const cert = await readText(files.certFile);
  if (cert.kind === "problem") return named("certificate", files.certFile, cert.problem);
  const key = await readText(files.keyFile);
  if (key.kind === "problem") return named("key", files.keyFile, key.problem);
  const result = parseCertificate(cert.text, key.text);
  if (result.kind === "certificate") return result;
  return named("certificate", `${files.certFile}" with key "${files.keyFile}`, result.problem);
}

type TextResult = { kind: "text"; text: string } | { kind: "problem"; problem: string };

async function readText(path: string): Promise<TextResult> {
  try {
    return { kind: "text", text: await readUserText(path, CERTIFICATE_FILE_MAX_BYTES) };
  } catch (error) {
    return { kind: "problem", problem: errorText(error) };
  }
}

function named(what: string, path: string, problem: string): CertificateResult {
  return { kind: "problem", problem: `Cannot use ${what} "${path}": ${problem}` };
}
