/**
 * The configured CA as the renewals see it: it issues, and it says when to renew. Does I/O. Whoever
 * makes one disposes of it.
 *
 * @module
 */
import { CERTIFICATE_FILE_MAX_BYTES } from "../base/certificate_limits.ts";
import { errorText } from "../base/failures.ts";
import { readUserText } from "../base/user_file.ts";
import type { AcmeConfig } from "../config/config.ts";
import type { IssuedCertificate } from "../tls/issued_certificate.ts";
import { AcmeError } from "./acme_error.ts";
import type { ChallengesShown } from "./challenges_shown.ts";
import { AcmeClient, type AcmeClientOptions } from "./client.ts";
import { issueCertificate } from "./issuance.ts";
import { readRenewalInfo, type RenewalInfo } from "./renewal_info.ts";

/** What is asked of a CA. */
export interface AuthorityRequest {
  readonly hostname: string;
  /** The renewal id of the certificate that is to be replaced. */
  readonly replaces: string | undefined;
  readonly signal: AbortSignal;
}

/** Issues certificates. */
export interface Authority extends Disposable {
  readonly directoryUrl: string;
  /** @throws {Error} If it does not issue; the signal's reason if that was aborted. */
  issue(request: AuthorityRequest): Promise<IssuedCertificate>;
  /** @returns undefined if it makes no suggestions. @throws {Error} If it does not answer. */
  renewalInfo(renewalId: string, signal: AbortSignal): Promise<RenewalInfo | undefined>;
}

/** What an ACME directory needs besides its configuration. */
export interface AcmeAuthorityOptions
  extends Omit<AcmeClientOptions, "directoryUrl" | "email" | "caCerts"> {
  readonly config: AcmeConfig;
  readonly challenges: ChallengesShown;
}

/** An ACME directory. Nothing is read or sent before something is asked of it. */
export class AcmeAuthority implements Authority {
  readonly directoryUrl: string;
  readonly #options: AcmeAuthorityOptions;
  #client: AcmeClient | undefined;

  constructor(options: AcmeAuthorityOptions) {
    this.#options = options;
    this.directoryUrl = options.config.directory;
  }

  async issue(request: AuthorityRequest): Promise<IssuedCertificate> {
    const { challenges } = this.#options;
    return await issueCertificate(await this.#open(), { ...request, challenges });
  }

  async renewalInfo(renewalId: string, signal: AbortSignal): Promise<RenewalInfo | undefined> {
    return await readRenewalInfo(await this.#open(), renewalId, signal);
  }

  [Symbol.dispose](): void {
    this.#client?.[Symbol.dispose]();
  }

  async #open(): Promise<AcmeClient> {
    if (this.#client !== undefined) return this.#client;
    const { caFile } = this.#options.config;
    if (caFile === undefined) return this.#client = this.#makeClient([]);
    try {
      const pem = await readUserText(caFile, CERTIFICATE_FILE_MAX_BYTES);
      if (!pem.includes("-----BEGIN CERTIFICATE-----")) throw new Error("no certificate in it");
      // Another request may have opened it while the file was being read.
      return this.#client ??= this.#makeClient([pem]);
    } catch (cause) {
      const detail = `Cannot use "${caFile}" as "acme.ca": ${errorText(cause)}`;
      throw new AcmeError("unreachable", { detail, cause });
    }
  }

  /** @throws {Error} If the roots cannot be read. */
  #makeClient(caCerts: readonly string[]): AcmeClient {
    const { config } = this.#options;
    const { directory: directoryUrl, email } = config;
    return new AcmeClient({ ...this.#options, directoryUrl, email, caCerts });
  }
}
