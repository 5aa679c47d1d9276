/**
 * The certificate in force for each id, and who is told when it changes. Loads from the state, from
 * files and from the internal CA; orders nothing. Until a hostname with `auto` has its first
 * certificate, one of the internal CA stands in, so that no handshake waits. Does I/O. Whoever makes a
 * store disposes of it.
 *
 * @module
 */
import type { Clock, Timer } from "../base/clock.ts";
import { errorText } from "../base/failures.ts";
import {
  CLOCK_LOOK_MAX_MS,
  INTERNAL_LEAF_RETRY_MS,
  RENEWAL_LIFETIME_SHARE,
} from "../base/certificate_limits.ts";
import type { Log } from "../base/log.ts";
import { readParsed } from "../state/read_parsed.ts";
import { StateError } from "../state/state_error.ts";
import type { Store } from "../state/store.ts";
import type { Certificate } from "./certificate.ts";
import { readCertificateFiles } from "./certificate_file.ts";
import { certificateId, type CertificateSource } from "./certificate_source.ts";
import { type InternalCa, openInternalCa } from "./internal_ca.ts";
import {
  encodeIssuedCertificate,
  type IssuedCertificate,
  issuedCertificateName,
  parseIssuedCertificate,
} from "./issued_certificate.ts";

/** What a certificate store works with. */
export interface CertificateStoreOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
}

/** What {@linkcode CertificateStore.ensure} came to. */
export type EnsureResult =
  | { readonly kind: "ready"; readonly id: string; readonly certificate: Certificate }
  /** A sentence for a person, with the file's name. */
  | { readonly kind: "problem"; readonly problem: string };

/** Called with the id whose certificate was replaced. */
export type ReplacedListener = (id: string, certificate: Certificate) => void;

/** One id. */
interface Entry {
  readonly source: CertificateSource;
  readonly certificate: Certificate;
  /** Where an ACME directory issued it. */
  readonly issued: IssuedCertificate | undefined;
  /** For leaves of the internal CA: when it is made again, milliseconds since 1970. */
  readonly remadeAt: number | undefined;
}

/** See the module. */
export class CertificateStore implements Disposable {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #entries = new Map<string, Entry>();
  readonly #loading = new Map<string, Promise<EnsureResult>>();
  readonly #listeners = new Set<ReplacedListener>();
  #internalCa: Promise<InternalCa> | undefined;
  #timer: Timer | undefined;
  #closed = false;

  constructor(options: CertificateStoreOptions) {
    this.#store = options.store;
    this.#clock = options.clock;
    this.#log = options.log;
  }

  /**
   * Makes sure that there is a certificate for a source. Files are read each time, so that a reload
   * takes up new ones; broken ones are a problem and leave the certificate that is in force.
   */
  async ensure(source: CertificateSource): Promise<EnsureResult> {
    const id = certificateId(source);
    const entry = this.#entries.get(id);
    if (entry !== undefined && source.kind !== "file") {
      return { kind: "ready", id, certificate: entry.certificate };
    }
    let loading = this.#loading.get(id);
    if (loading === undefined) {
      loading = this.#load(id, source).finally(() => this.#loading.delete(id));
      this.#loading.set(id, loading);
    }
    return await loading;
  }

  /** Returns the certificate in force, or undefined if the id was never made sure of. */
  current(id: string): Certificate | undefined {
    return this.#entries.get(id)?.certificate;
  }

  /** Returns what an ACME directory issued for a hostname, if that is in force. */
  issued(hostname: string): IssuedCertificate | undefined {
    return this.#entries.get(certificateId({ kind: "auto", hostname }))?.issued;
  }

  /** Puts a newly issued certificate in force and tells everybody; does not save it. */
  replaceIssued(hostname: string, issued: IssuedCertificate): void {
    const source: CertificateSource = { kind: "auto", hostname };
    const { certificate } = issued;
    this.#put({ source, certificate, issued, remadeAt: undefined });
  }

  /** Saves the issued certificate of a hostname. @throws {StateError} If it could not be saved. */
  async save(hostname: string): Promise<void> {
    const issued = this.issued(hostname);
    if (issued === undefined) return;
    await this.#store.write(issuedCertificateName(hostname), encodeIssuedCertificate(issued));
  }

  /** Forgets all ids but these, for instance after a reload. The state keeps what it has. */
  retain(ids: ReadonlySet<string>): void {
    for (const id of this.#entries.keys()) {
      if (!ids.has(id)) this.#entries.delete(id);
    }
    this.#schedule();
  }

  /** Calls `listener` after each replacement, until what is returned is disposed of. */
  onReplaced(listener: ReplacedListener): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => this.#listeners.delete(listener) };
  }

  /** Stops making leaves of the internal CA again. */
  [Symbol.dispose](): void {
    this.#closed = true;
    this.#timer?.cancel();
  }

  async #load(id: string, source: CertificateSource): Promise<EnsureResult> {
    try {
      const loaded = await this.#read(source);
      if (loaded.kind === "problem") return loaded;
      // A certificate may have been issued while the stand-in was being made.
      const existing = this.#entries.get(id);
      if (existing === undefined || source.kind === "file") this.#put(loaded.entry);
      return { kind: "ready", id, certificate: this.#entries.get(id)!.certificate };
    } catch (error) {
      if (!(error instanceof StateError)) throw error;
      return { kind: "problem", problem: `${error.message}; ${error.hint}` };
    }
  }

  async #read(
    source: CertificateSource,
  ): Promise<{ kind: "entry"; entry: Entry } | { kind: "problem"; problem: string }> {
    if (source.kind === "internal") return { kind: "entry", entry: await this.#makeLeaf(source) };
    if (source.kind === "auto") return { kind: "entry", entry: await this.#readIssued(source) };
    const result = await readCertificateFiles(source);
    if (result.kind === "problem") return result;
    const { certificate } = result;
    this.#warnOfExpiry(source.certFile, certificate);
    return {
      kind: "entry",
      entry: { source, certificate, issued: undefined, remadeAt: undefined },
    };
  }

  async #readIssued(source: CertificateSource & { kind: "auto" }): Promise<Entry> {
    const { hostname } = source;
    const issued = await readParsed(
      this.#store,
      issuedCertificateName(hostname),
      (text) => parseIssuedCertificate(text, hostname),
    );
    if (issued === undefined) return await this.#makeLeaf(source);
    return { source, certificate: issued.certificate, issued, remadeAt: undefined };
  }

  async #makeLeaf(source: CertificateSource & { kind: "auto" | "internal" }): Promise<Entry> {
    const internalCa = await this.#openInternalCa();
    const name = source.kind === "auto" ? source.hostname : source.name;
    const certificate = await internalCa.issue(name);
    const lifetimeMs = certificate.notAfterAt - certificate.notBeforeAt;
    const remadeAt = certificate.notBeforeAt + lifetimeMs * RENEWAL_LIFETIME_SHARE;
    return { source, certificate, issued: undefined, remadeAt };
  }

  /** Opened when first needed; most hosts never need it after their first start. */
  #openInternalCa(): Promise<InternalCa> {
    this.#internalCa ??= openInternalCa(this.#store, { clock: this.#clock, log: this.#log })
      .catch((error) => {
        this.#internalCa = undefined;
        throw error;
      });
    return this.#internalCa;
  }

  #warnOfExpiry(certFile: string, certificate: Certificate): void {
    if (certificate.notAfterAt > this.#clock.now()) return;
    this.#log.warn("A certificate file has expired; clients will refuse it", {
      file: certFile,
      expired: new Date(certificate.notAfterAt).toISOString(),
    });
  }

  /** Tells the listeners only where there was another certificate before. */
  #put(entry: Entry): void {
    const id = certificateId(entry.source);
    const before = this.#entries.get(id);
    this.#entries.set(id, entry);
    this.#schedule();
    if (before === undefined || isSame(before.certificate, entry.certificate)) return;
    for (const listener of this.#listeners) this.#tell(listener, id, entry.certificate);
  }

  /** A listener that fails must not make an issuance look failed: it would be repeated. */
  #tell(listener: ReplacedListener, id: string, certificate: Certificate): void {
    try {
      listener(id, certificate);
    } catch (error) {
      this.#log.error("A new certificate could not be put into use", {
        id,
        error: errorText(error),
      });
    }
  }

  /** Sets the timer for the leaf that is due first. */
  #schedule(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    const due = [...this.#entries.values()].map((entry) => entry.remadeAt ?? Infinity);
    const nextAt = due.reduce((least, at) => Math.min(least, at), Infinity);
    if (this.#closed || nextAt === Infinity) return;
    const delayMs = Math.min(Math.max(0, nextAt - this.#clock.now()), CLOCK_LOOK_MAX_MS);
    this.#timer = this.#clock.after(delayMs, () => void this.#remakeDue());
  }

  async #remakeDue(): Promise<void> {
    for (const [id, entry] of this.#entries) {
      const { source, remadeAt } = entry;
      if (remadeAt === undefined || remadeAt > this.#clock.now() || source.kind === "file") {
        continue;
      }
      const remade = await this.#tryLeaf(source, entry);
      // While it was made, a certificate may have been issued or the id forgotten.
      if (this.#entries.get(id) === entry) this.#put(remade);
    }
    this.#schedule();
  }

  async #tryLeaf(
    source: CertificateSource & { kind: "auto" | "internal" },
    entry: Entry,
  ): Promise<Entry> {
    try {
      return await this.#makeLeaf(source);
    } catch (error) {
      this.#log.error("Cannot make a certificate of the internal CA again", {
        id: certificateId(source),
        error: errorText(error),
      });
      return { ...entry, remadeAt: this.#clock.now() + INTERNAL_LEAF_RETRY_MS };
    }
  }
}

function isSame(one: Certificate, other: Certificate): boolean {
  return one.certPem === other.certPem && one.keyPem === other.keyPem;
}
