/**
 * Orders (RFC 8555 §7.1.3, §7.4) and the certificate that comes of them (§7.4.2). Does I/O. Input
 * comes from strangers.
 *
 * @module
 */
import { z } from "zod";
import { ACME_RETRIES_MAX, ACME_RETRY_PAUSE_MS } from "../base/certificate_limits.ts";
import { AcmeError, problemError, ProblemSchema } from "./acme_error.ts";
import type { AcmeClient } from "./client.ts";
import { pause } from "./pause.ts";
import { pollResource } from "./poll.ts";
import { parseResource } from "./resource.ts";

const OrderSchema = z.object({
  /** RFC 8555 §7.1.6: pending, ready, processing, valid, invalid. */
  status: z.string(),
  /** One for each identifier. */
  authorizations: z.array(z.url()).max(100),
  /** Where the signing request goes. */
  finalize: z.url(),
  /** Where the certificate is, once the order is valid. */
  certificate: z.url().optional(),
  /** Why it is invalid. */
  error: ProblemSchema.optional().catch(undefined),
});

/** An order as the CA states it. */
export type Order = z.infer<typeof OrderSchema>;

/** An order that has been placed. */
export interface PlacedOrder {
  readonly url: string;
  readonly order: Order;
}

/**
 * Places an order (RFC 8555 §7.4).
 *
 * @param options `replaces`: the renewal id of the certificate it renews (RFC 9773 §5).
 */
export async function placeOrder(
  client: AcmeClient,
  hostname: string,
  options: { replaces: string | undefined; signal: AbortSignal },
): Promise<PlacedOrder> {
  const { replaces, signal } = options;
  const { newOrder } = await client.directory(signal);
  const payload = {
    identifiers: [{ type: "dns", value: hostname }],
    ...(replaces === undefined ? {} : { replaces }),
  };
  const answer = await client.post(newOrder, signal, { payload });
  const order = parseResource(answer, OrderSchema, { what: "order", url: newOrder });
  if (answer.location !== undefined) return { url: answer.location, order };
  throw new AcmeError("unexpected", { detail: `${newOrder} gives no order URL` });
}

/** Waits until an order's authorizations have made it ready. @throws {AcmeError} If it fails. */
export function awaitReady(client: AcmeClient, url: string, signal: AbortSignal): Promise<Order> {
  return pollOrder(client, url, signal, (order) => order.status !== "pending");
}

/**
 * Hands in the signing request (RFC 8555 §7.4) and waits for the certificate.
 *
 * @param csr PKCS#10, base64url.
 * @returns The URL of the certificate.
 * @throws {AcmeError} If the order fails.
 */
export async function finalizeOrder(
  client: AcmeClient,
  placed: PlacedOrder,
  { csr, signal }: { csr: string; signal: AbortSignal },
): Promise<string> {
  await submitCsr(client, placed, { csr, signal });
  const done = (order: Order) => order.status === "valid" && order.certificate !== undefined;
  const order = await pollOrder(client, placed.url, signal, done);
  return order.certificate!;
}

/** Downloads the chain in PEM (RFC 8555 §7.4.2). */
export async function downloadCertificate(
  client: AcmeClient,
  url: string,
  signal: AbortSignal,
): Promise<string> {
  return (await client.post(url, signal)).text;
}

/** If the answer is lost, the order tells whether the request arrived: it is no longer `ready`. */
async function submitCsr(
  client: AcmeClient,
  { url, order }: PlacedOrder,
  { csr, signal }: { csr: string; signal: AbortSignal },
): Promise<void> {
  for (let pauseMs = ACME_RETRY_PAUSE_MS, lost = 0;; pauseMs *= 2, lost++) {
    try {
      await client.post(order.finalize, signal, { payload: { csr }, isSafe: false });
      return;
    } catch (error) {
      const isLost = error instanceof AcmeError &&
        (error.kind === "unreachable" || error.status >= 500);
      if (!isLost || lost >= ACME_RETRIES_MAX) throw error;
      await pause(client.clock, pauseMs, signal);
      const { status } = await pollOrder(client, url, signal, () => true);
      if (status !== "ready") return;
    }
  }
}

function pollOrder(
  client: AcmeClient,
  url: string,
  signal: AbortSignal,
  isDone: (order: Order) => boolean,
): Promise<Order> {
  return pollResource(client, {
    what: "order",
    url,
    schema: OrderSchema,
    isDone(order) {
      if (order.status !== "invalid") return isDone(order);
      if (order.error !== undefined) {
        throw problemError(order.error, { status: order.error.status ?? 400 });
      }
      throw new AcmeError("problem", { detail: "the order is invalid" });
    },
  }, signal);
}
