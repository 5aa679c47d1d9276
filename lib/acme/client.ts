/**
 * A conversation with one directory in the name of one account, which is loaded or registered when it
 * is first needed. Does I/O. Whoever makes one disposes of it.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";
import { ACME_DIRECTORY_LIFETIME_MS } from "../base/certificate_limits.ts";
import type { Log } from "../base/log.ts";
import type { Store } from "../state/store.ts";
import { type Account, openAccount } from "./account.ts";
import { AcmeError } from "./acme_error.ts";
import { type Directory, readDirectory } from "./directory.ts";
import { jwkThumbprint, publicJwk } from "./jws.ts";
import { type AcmeAnswer, AcmeTransport, type TransportOptions } from "./transport.ts";

/** What a client works with. */
export interface AcmeClientOptions extends TransportOptions {
  readonly directoryUrl: string;
  readonly email: string | undefined;
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
}

/** Posts as the account. */
export class AcmeClient implements Disposable {
  readonly clock: Clock;
  readonly directoryUrl: string;
  readonly #options: AcmeClientOptions;
  readonly #transport: AcmeTransport;
  #directory: { readonly value: Directory; readonly readAtMs: number } | undefined;
  #account: Account | undefined;

  constructor(options: AcmeClientOptions) {
    this.clock = options.clock;
    this.directoryUrl = options.directoryUrl;
    this.#options = options;
    this.#transport = new AcmeTransport(options);
  }

  /** Returns the directory, at most an hour old. @throws {AcmeError} If it cannot be had. */
  async directory(signal: AbortSignal): Promise<Directory> {
    const nowMs = this.clock.monotonic();
    const known = this.#directory;
    if (known !== undefined && nowMs - known.readAtMs < ACME_DIRECTORY_LIFETIME_MS) {
      return known.value;
    }
    const value = await readDirectory(this.#transport, this.directoryUrl, signal);
    this.#directory = { value, readAtMs: nowMs };
    return value;
  }

  /** Gets a public resource. @throws {AcmeError} If there is no good answer. */
  get(url: string, signal: AbortSignal): Promise<AcmeAnswer> {
    return this.#transport.get(url, signal);
  }

  /**
   * Posts as the account; without `payload` it is a POST-as-GET. If the CA has forgotten the account
   * (RFC 8555 §6.7 accountDoesNotExist), it is registered again and the post repeated, once.
   *
   * @param options `isSafe`: doing it twice is harmless. Default true.
   * @throws {AcmeError} If there is no good answer.
   * @throws {StateError} If there is no account yet and its key cannot be saved.
   */
  async post(
    url: string,
    signal: AbortSignal,
    options: { payload?: unknown; isSafe?: boolean } = {},
  ): Promise<AcmeAnswer> {
    const account = await this.#openAccount(signal);
    try {
      return await this.#postAs(account, url, signal, options);
    } catch (error) {
      if (!(error instanceof AcmeError) || error.type !== "accountDoesNotExist") throw error;
      const again = await this.#registerAgain(account, signal);
      return await this.#postAs(again, url, signal, options);
    }
  }

  /** Returns what proves a token ours: `token.thumbprint` (RFC 8555 §8.1). */
  async keyAuthorization(token: string, signal: AbortSignal): Promise<string> {
    const { keys } = await this.#openAccount(signal);
    return `${token}.${await jwkThumbprint(await publicJwk(keys.publicKey))}`;
  }

  /** Closes idle connections. */
  [Symbol.dispose](): void {
    this.#transport[Symbol.dispose]();
  }

  async #postAs(
    account: Account,
    url: string,
    signal: AbortSignal,
    { payload, isSafe = true }: { payload?: unknown; isSafe?: boolean },
  ): Promise<AcmeAnswer> {
    const { newNonce } = await this.directory(signal);
    const { keys, url: kid } = account;
    return await this.#transport.post({
      url,
      payload,
      key: keys.privateKey,
      identity: { kid },
      newNonceUrl: newNonce,
      isSafe,
    }, signal);
  }

  /** The store's lock keeps two first orders from registering two accounts. */
  async #openAccount(signal: AbortSignal, isForgotten = false): Promise<Account> {
    if (this.#account !== undefined) return this.#account;
    const directory = await this.directory(signal);
    this.#account = await openAccount({
      ...this.#options,
      transport: this.#transport,
      directory,
      signal,
      isForgotten,
    });
    return this.#account;
  }

  async #registerAgain(forgotten: Account, signal: AbortSignal): Promise<Account> {
    this.#options.log.warn("The certificate authority has forgotten the account", {
      directory: this.directoryUrl,
    });
    // Another order may have done it in the meantime.
    if (this.#account?.url !== forgotten.url) return await this.#openAccount(signal);
    this.#account = undefined;
    return await this.#openAccount(signal, true);
  }
}
