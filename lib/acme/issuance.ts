/**
 * One issuance, from order to checked certificate, within one time limit. Saves nothing. Does I/O.
 *
 * @module
 */
import { ACME_ISSUANCE_TIMEOUT_MS } from "../base/certificate_limits.ts";
import { certificateCovers, parseCertificate } from "../tls/certificate.ts";
import type { IssuedCertificate } from "../tls/issued_certificate.ts";
import { encodePrivateKey, generateKeyPair } from "../tls/x509.ts";
import { AcmeError } from "./acme_error.ts";
import { proveAuthorization } from "./authorization.ts";
import type { ChallengesShown } from "./challenges_shown.ts";
import type { AcmeClient } from "./client.ts";
import { encodeCsr } from "./csr.ts";
import {
  awaitReady,
  downloadCertificate,
  finalizeOrder,
  type PlacedOrder,
  placeOrder,
} from "./order.ts";
import { makeRenewalId } from "./renewal_info.ts";

/** What an issuance takes. */
export interface IssuanceRequest {
  /** Normalized. */
  readonly hostname: string;
  /** The renewal id of the certificate that the new one replaces, if it has one. */
  readonly replaces: string | undefined;
  readonly challenges: ChallengesShown;
  readonly signal: AbortSignal;
}

/**
 * Gets a certificate with a fresh key.
 *
 * @throws {AcmeError} If the CA does not issue one.
 * @throws {StateError} If there is no account yet and its key cannot be saved.
 * @throws {unknown} The signal's reason, if it was aborted.
 */
export async function issueCertificate(
  client: AcmeClient,
  request: IssuanceRequest,
): Promise<IssuedCertificate> {
  const limit = new AbortController();
  using _timer = client.clock.after(ACME_ISSUANCE_TIMEOUT_MS, () => limit.abort());
  const signal = AbortSignal.any([request.signal, limit.signal]);
  try {
    return await issue(client, { ...request, signal });
  } catch (error) {
    request.signal.throwIfAborted();
    if (!limit.signal.aborted) throw error;
    const seconds = ACME_ISSUANCE_TIMEOUT_MS / 1_000;
    throw new AcmeError("timeout", { detail: `the CA did not finish within ${seconds} s` });
  }
}

async function issue(client: AcmeClient, request: IssuanceRequest): Promise<IssuedCertificate> {
  const { hostname, challenges, signal } = request;
  const placed = await placeReplacing(client, request);
  for (const url of placed.order.authorizations) {
    await proveAuthorization(client, { url, hostname, challenges }, signal);
  }
  await awaitReady(client, placed.url, signal);
  // A key per certificate: one that has leaked is of no use after the next renewal.
  const keys = await generateKeyPair();
  const csr = await encodeCsr(keys, hostname);
  const url = await finalizeOrder(client, placed, { csr, signal });
  const certPem = await downloadCertificate(client, url, signal);
  return await check(client, {
    certPem,
    keyPem: await encodePrivateKey(keys.privateKey),
    hostname,
  });
}

/** A CA may refuse to see a replacement in it (RFC 9773 §5); it is then an order like any other. */
async function placeReplacing(client: AcmeClient, request: IssuanceRequest): Promise<PlacedOrder> {
  const { hostname, replaces, signal } = request;
  const { renewalInfo } = await client.directory(signal);
  if (replaces === undefined || renewalInfo === undefined) {
    return await placeOrder(client, hostname, { replaces: undefined, signal });
  }
  try {
    return await placeOrder(client, hostname, { replaces, signal });
  } catch (error) {
    const isRefused = error instanceof AcmeError &&
      (error.type === "alreadyReplaced" || error.type === "malformed" || error.status === 404);
    if (!isRefused) throw error;
    return await placeOrder(client, hostname, { replaces: undefined, signal });
  }
}

/** Never trusts a download so far that it would replace a certificate that works. */
async function check(
  client: AcmeClient,
  { certPem, keyPem, hostname }: { certPem: string; keyPem: string; hostname: string },
): Promise<IssuedCertificate> {
  const result = parseCertificate(certPem, keyPem);
  if (result.kind === "problem") {
    throw new AcmeError("unexpected", { detail: `the CA's certificate: ${result.problem}` });
  }
  const { certificate } = result;
  if (!certificateCovers(certificate, hostname)) {
    throw new AcmeError("unexpected", { detail: "the CA's certificate is for another name" });
  }
  if (certificate.notAfterAt <= client.clock.now()) {
    throw new AcmeError("unexpected", {
      detail: "the CA's certificate has already expired; is the clock of this host right?",
    });
  }
  const renewalId = await makeRenewalId(certificate);
  return { certificate, directory: client.directoryUrl, renewalId };
}
