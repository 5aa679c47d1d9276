/**
 * A small certificate authority on loopback that speaks ACME (RFC 8555), checks what it is sent more
 * strictly than it must, and does wrong what a test tells it to.
 *
 * @module
 */
import "reflect-metadata";
import * as x509 from "@peculiar/x509";
import { makeAuthority, type TestCertificate } from "./certificates.ts";

/** A request as a fault sees it. */
export interface SeenRequest {
  readonly method: string;
  /** First segment of the path, such as `new-order`. */
  readonly resource: string;
  /** How many requests of this method and resource there were before. */
  readonly index: number;
}

/** What a test may change at any time. */
export interface FakeAcmeOptions {
  /** Answers instead of the server; undefined lets it answer itself. */
  fault?: (request: SeenRequest) => Response | Promise<Response> | undefined;
  /** Looks up the answer to a challenge, as port 80 would. */
  answer?: (host: string, token: string) => string | undefined;
  /** Good nonces that are refused next. */
  badNonces: number;
  /** Seconds that a certificate is valid. */
  validitySeconds: number;
  /** Suggested window of RFC 9773; the directory has no `renewalInfo` while it is undefined. */
  window?: { start: Date; end: Date };
  /** Header of renewal information. */
  renewalRetryAfter?: string;
  /** Added to the directory's `meta`. */
  meta: Record<string, unknown>;
  /** Looks at an order until it is ready or valid. */
  looksUntilDone: number;
  /** The certificate is for this name instead. */
  wrongName?: string;
}

interface Order {
  readonly id: number;
  readonly account: string;
  readonly hostname: string;
  readonly replaces: string | undefined;
  status: string;
  authorization: string;
  problem?: { type: string; detail: string };
  looks: number;
  chain?: string;
}

/** Starts the server on a free port. */
export async function startFakeAcmeServer(
  options: Partial<FakeAcmeOptions> = {},
): Promise<FakeAcmeServer> {
  return new FakeAcmeServer(await makeAuthority("Fake ACME"), options);
}

/** See {@linkcode startFakeAcmeServer}. */
export class FakeAcmeServer implements AsyncDisposable {
  readonly options: FakeAcmeOptions;
  readonly orders: Order[] = [];
  readonly seen: string[] = [];
  readonly contacts: unknown[] = [];
  /** The next good answer of this resource is lost, after the request has taken effect. */
  loseAnswerOf: string | undefined;
  readonly #ca: TestCertificate;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #counts = new Map<string, number>();
  readonly #nonces = new Set<string>();
  /** Keys by account URL. */
  #accounts = new Map<string, JsonWebKey>();

  constructor(ca: TestCertificate, options: Partial<FakeAcmeOptions>) {
    this.#ca = ca;
    this.options = {
      badNonces: 0,
      validitySeconds: 90 * 86_400,
      meta: {},
      looksUntilDone: 1,
      ...options,
    };
    this.#server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen() {} },
      (request) => this.#handle(request),
    );
  }

  get origin(): string {
    return `http://127.0.0.1:${this.#server.addr.port}`;
  }

  get directoryUrl(): string {
    return `${this.origin}/directory`;
  }

  get accountCount(): number {
    return this.#accounts.size;
  }

  /** How many requests of a kind there were, such as `POST new-order`. */
  count(kind: string): number {
    return this.seen.filter((one) => one === kind).length;
  }

  /** Forgets all accounts, as Pebble does when it is started again. */
  forgetAccounts(): void {
    this.#accounts = new Map();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }

  async #handle(request: Request): Promise<Response> {
    const [, resource, id] = new URL(request.url).pathname.split("/");
    const kind = `${request.method} ${resource}`;
    const index = this.#counts.get(kind) ?? 0;
    this.#counts.set(kind, index + 1);
    this.seen.push(kind);
    const fault = await this.options.fault?.({ method: request.method, resource, index });
    if (fault !== undefined) {
      await request.body?.cancel();
      return fault;
    }
    try {
      const answer = await this.#answer(request, resource, id ?? "");
      if (resource !== this.loseAnswerOf || !answer.ok) return answer;
      this.loseAnswerOf = undefined;
      return new Response("lost", { status: 500 });
    } catch (error) {
      return this.#problem("malformed", error instanceof Error ? error.message : String(error));
    }
  }

  async #answer(request: Request, resource: string, id: string): Promise<Response> {
    if (request.method !== "POST") return this.#answerPublic(resource, id);
    const post = await this.#open(request);
    if (post instanceof Response) return post;
    const { account, payload } = post;
    switch (resource) {
      case "new-account":
        this.contacts.push((payload as { contact?: unknown }).contact);
        return this.#json({ status: "valid" }, 201, { location: account });
      case "new-order":
        return this.#newOrder(account, payload as NewOrder);
      case "challenge":
        return this.#validate(this.#orderOf(account, id), payload);
      case "authorization":
        return this.#json(this.#authorizationOf(this.#orderOf(account, id)));
      case "order":
        return this.#look(this.#orderOf(account, id));
      case "finalize":
        return await this.#finalize(this.#orderOf(account, id), payload as { csr: string });
      case "certificate":
        return this.#pem(this.#orderOf(account, id).chain!);
      default:
        return this.#problem("malformed", `no ${resource}`, 404);
    }
  }

  #answerPublic(resource: string, id: string): Response {
    if (resource === "new-nonce") return this.#json(undefined, 204);
    if (resource === "directory") {
      const names = { newNonce: "new-nonce", newAccount: "new-account", newOrder: "new-order" };
      const urls = Object.entries(names).map(([name, path]) => [name, `${this.origin}/${path}`]);
      // Without a nonce, so that clients have to ask for their first (RFC 8555 §7.2).
      const info = this.options.window && { renewalInfo: `${this.origin}/renewal-info` };
      return Response.json({ ...Object.fromEntries(urls), ...info, meta: this.options.meta });
    }
    if (resource !== "renewal-info" || id === "") return this.#problem("malformed", "none", 404);
    const { window: suggestedWindow, renewalRetryAfter } = this.options;
    const retryAfter: Record<string, string> = {};
    if (renewalRetryAfter !== undefined) retryAfter["retry-after"] = renewalRetryAfter;
    return Response.json({ suggestedWindow }, { headers: retryAfter });
  }

  /** Checks the JWS (RFC 8555 §6.2 to §6.5). */
  async #open(request: Request): Promise<{ account: string; payload: unknown } | Response> {
    if (request.headers.get("content-type") !== "application/jose+json") {
      return this.#problem("malformed", "content type", 415);
    }
    const jws = await request.json();
    const header = JSON.parse(fromBase64url(jws.protected));
    const keys = Object.keys(header).sort().join();
    if (keys !== "alg,jwk,nonce,url" && keys !== "alg,kid,nonce,url") {
      return this.#problem("malformed", `protected header: ${keys}`);
    }
    if (header.url !== request.url) return this.#problem("unauthorized", "url", 401);
    if (header.kid !== undefined && !this.#accounts.has(header.kid)) {
      return this.#problem("accountDoesNotExist", "unknown account");
    }
    const jwk = header.jwk ?? this.#accounts.get(header.kid);
    if (!await verifies(jws, jwk)) return this.#problem("unauthorized", "signature", 401);
    if (!this.#nonces.delete(header.nonce)) return this.#problem("badNonce", "unknown nonce");
    if (this.options.badNonces-- > 0) return this.#problem("badNonce", "as told");
    const payload = jws.payload === "" ? undefined : JSON.parse(fromBase64url(jws.payload));
    return { account: header.kid ?? this.#accountOf(jwk), payload };
  }

  #accountOf(jwk: JsonWebKey): string {
    for (const [url, known] of this.#accounts) if (known.x === jwk.x) return url;
    const url = `${this.origin}/account/${crypto.randomUUID()}`;
    this.#accounts.set(url, jwk);
    return url;
  }

  #newOrder(account: string, { identifiers, replaces }: NewOrder): Response {
    const [{ value: hostname }] = identifiers;
    if (identifiers.length !== 1) return this.#problem("malformed", "one name at a time");
    if (this.orders.some((order) => replaces !== undefined && order.replaces === replaces)) {
      return this.#problem("alreadyReplaced", "replaced before", 409);
    }
    const order: Order = {
      id: this.orders.length,
      account,
      hostname,
      replaces,
      status: "pending",
      authorization: "pending",
      looks: 0,
    };
    this.orders.push(order);
    return this.#order(order, 201);
  }

  #orderOf(account: string, id: string): Order {
    const order = this.orders[Number(id)];
    if (order?.account !== account) throw new Error("not an order of this account");
    return order;
  }

  /** The CA looks at once; whoever polls sees the outcome. */
  async #validate(order: Order, payload: unknown): Promise<Response> {
    if (JSON.stringify(payload) !== "{}") throw new Error("a challenge is answered by {}");
    const token = tokenOf(order);
    const expected = `${token}.${await thumbprint(this.#accounts.get(order.account)!)}`;
    const answer = this.options.answer?.(order.hostname, token);
    order.authorization = answer === expected ? "valid" : "invalid";
    if (order.authorization === "valid") order.status = "ready";
    else {
      order.status = "invalid";
      const url = `http://${order.hostname}/.well-known/acme-challenge/${token}`;
      order.problem = answer === undefined
        ? { type: "connection", detail: `Fetching ${url}: Connection refused` }
        : { type: "unauthorized", detail: `expected "${expected}", got "${answer}"` };
    }
    return this.#json(this.#authorizationOf(order).challenges[1]);
  }

  #authorizationOf(order: Order) {
    const error = order.problem &&
      { ...order.problem, type: `urn:ietf:params:acme:error:${order.problem.type}`, status: 400 };
    const url = `${this.origin}/challenge/${order.id}`;
    const challenge = { url, token: tokenOf(order), status: order.authorization, error };
    return {
      identifier: { type: "dns", value: order.hostname },
      status: order.authorization,
      challenges: [
        { ...challenge, type: "dns-01", error: undefined },
        { ...challenge, type: "http-01" },
        { type: "device-attest-01", url, status: "pending" },
      ],
    };
  }

  #look(order: Order): Response {
    if (order.status === "processing" && ++order.looks >= this.options.looksUntilDone) {
      order.status = "valid";
    }
    return this.#order(order);
  }

  #order(order: Order, status = 200): Response {
    const url = (resource: string) => `${this.origin}/${resource}/${order.id}`;
    const certificate = order.status === "valid" ? { certificate: url("certificate") } : {};
    const authorizations = [url("authorization")];
    const body = { status: order.status, authorizations, finalize: url("finalize") };
    return this.#json({ ...body, ...certificate }, status, { location: url("order") });
  }

  async #finalize(order: Order, { csr }: { csr: string }): Promise<Response> {
    if (order.status !== "ready") return this.#problem("orderNotReady", order.status, 403);
    const request = new x509.Pkcs10CertificateRequest(bytesOf(csr));
    if (!await request.verify()) return this.#problem("badCSR", "signature");
    const names = request.extensions
      .find((extension) => extension instanceof x509.SubjectAlternativeNameExtension)
      ?.names.toJSON();
    if (JSON.stringify(names) !== JSON.stringify([{ type: "dns", value: order.hostname }])) {
      return this.#problem("badCSR", `names: ${JSON.stringify(names)}`);
    }
    order.chain = await this.#sign(request, order.hostname);
    order.status = "processing";
    order.looks = 0;
    return this.#order(order);
  }

  async #sign(request: x509.Pkcs10CertificateRequest, hostname: string): Promise<string> {
    const authority = new x509.X509Certificate(this.#ca.certPem);
    const now = Date.now();
    const certificate = await x509.X509CertificateGenerator.create({
      serialNumber: `00ff${crypto.randomUUID().replaceAll("-", "")}`,
      issuer: authority.subject,
      notBefore: new Date(now - 1_000),
      notAfter: new Date(now + this.options.validitySeconds * 1_000),
      signingAlgorithm: ES256,
      publicKey: await request.publicKey.export(),
      signingKey: this.#ca.issuer.key,
      extensions: [
        new x509.SubjectAlternativeNameExtension([
          { type: "dns", value: this.options.wrongName ?? hostname },
        ]),
        await x509.AuthorityKeyIdentifierExtension.create(authority.publicKey),
      ],
    });
    return `${certificate.toString("pem")}\n${this.#ca.certPem}`;
  }

  #problem(type: string, detail: string, status = 400): Response {
    return this.#json({ type: `urn:ietf:params:acme:error:${type}`, detail }, status);
  }

  #pem(text: string): Response {
    return new Response(text, { headers: this.#headers({ "content-type": "application/pem" }) });
  }

  #json(body: unknown, status = 200, headers: Record<string, string> = {}): Response {
    const text = body === undefined ? null : JSON.stringify(body);
    return new Response(text, { status, headers: this.#headers(headers) });
  }

  #headers(headers: Record<string, string>): Record<string, string> {
    const nonce = crypto.randomUUID();
    this.#nonces.add(nonce);
    return { ...headers, "replay-nonce": nonce };
  }
}

interface NewOrder {
  readonly identifiers: readonly { type: string; value: string }[];
  readonly replaces?: string;
}

const ES256 = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };

/** Tokens that can be told apart, as long as those of Let's Encrypt. */
function tokenOf(order: Order): string {
  return `token-${order.id}-`.padEnd(43, "x");
}

async function verifies(
  jws: { protected: string; payload: string; signature: string },
  jwk: JsonWebKey,
): Promise<boolean> {
  const key = await crypto.subtle.importKey("jwk", jwk, ES256, true, ["verify"]);
  const input = new TextEncoder().encode(`${jws.protected}.${jws.payload}`);
  return await crypto.subtle.verify(ES256, key, bytesOf(jws.signature), input);
}

async function thumbprint({ crv, kty, x, y }: JsonWebKey): Promise<string> {
  const text = `{"crv":"${crv}","kty":"${kty}","x":"${x}","y":"${y}"}`;
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return new Uint8Array(digest).toBase64({ alphabet: "base64url", omitPadding: true });
}

function bytesOf(base64url: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.fromBase64(base64url, { alphabet: "base64url" });
}

function fromBase64url(text: string): string {
  return new TextDecoder().decode(bytesOf(text));
}
