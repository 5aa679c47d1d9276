/**
 * Pebble, the test server of Let's Encrypt, with a DNS server beside it that says 127.0.0.1 for every
 * name. Whoever starts it disposes of it.
 *
 * @module
 */
import { makeAuthority, makeCertificate } from "./certificates.ts";
import { findFreePort } from "./free_port.ts";
import { requireInstalled } from "./installed.ts";
import { startProcess, type TestProcess } from "./process.ts";
import { makeTempFolder, type TempFolder } from "./temp_folder.ts";

/** Programs that {@linkcode startPebble} needs. */
export const PEBBLE_PROGRAMS = ["pebble", "pebble-challtestsrv"];

/** How Pebble behaves. */
export interface PebbleOptions {
  /** Where Pebble finds challenges on 127.0.0.1. */
  readonly httpPort: number;
  /** Percent of good nonces that are refused. Default 0. */
  readonly nonceRejectPercent?: number;
  /** Percent of orders for which a valid authorization is used again. Default 0. */
  readonly authorizationReusePercent?: number;
  /** Seconds a certificate is valid. Default 5 years. */
  readonly validitySeconds?: number;
  /** Names that are refused when they are ordered, with all names below them. Default: none. */
  readonly blockedNames?: readonly string[];
}

/** Starts Pebble and its DNS server, and waits until both are ready. */
export async function startPebble(options: PebbleOptions): Promise<Pebble> {
  const folder = makeTempFolder("postern-pebble-");
  try {
    const authority = await makeAuthority("Pebble's front door");
    const front = await makeCertificate({ names: ["localhost", "127.0.0.1"], ca: authority });
    folder.write("cert.pem", front.certPem);
    folder.write("key.pem", front.keyPem);
    const caFile = folder.write("ca.pem", authority.certPem);
    const place = { folder, caFile, port: findFreePort(), managementPort: findFreePort() };
    folder.write("config.json", renderConfig(options, place));
    const dnsPort = findFreePort();
    const dns = await startDns(dnsPort);
    try {
      return new Pebble({
        ...place,
        options,
        dnsPort,
        dns,
        server: await start(place, options, dnsPort),
      });
    } catch (error) {
      await dns.stop();
      throw error;
    }
  } catch (error) {
    folder[Symbol.dispose]();
    throw error;
  }
}

interface Place {
  readonly folder: TempFolder;
  readonly caFile: string;
  readonly port: number;
  readonly managementPort: number;
}

interface Parts extends Place {
  readonly options: PebbleOptions;
  readonly dnsPort: number;
  readonly dns: TestProcess;
  readonly server: TestProcess;
}

/** A running Pebble. */
export class Pebble implements AsyncDisposable {
  /** PEM file that the directory's own certificate is verified against. */
  readonly caFile: string;
  readonly #parts: Parts;
  #server: TestProcess;

  constructor(parts: Parts) {
    this.caFile = parts.caFile;
    this.#parts = parts;
    this.#server = parts.server;
  }

  get directoryUrl(): string {
    return `https://127.0.0.1:${this.#parts.port}/dir`;
  }

  get managementUrl(): string {
    return `https://127.0.0.1:${this.#parts.managementPort}`;
  }

  /** What Pebble has printed since it was started last. */
  get lines(): string[] {
    return this.#server.lines.map(({ text }) => text);
  }

  /** Reads the root that certificates of this run chain up to, in PEM. */
  async readRoot(): Promise<string> {
    return await this.#fetchManagement("/roots/0");
  }

  /** Ends Pebble at once, with all it knows. */
  async kill(): Promise<void> {
    await this.#server.stop("SIGKILL");
  }

  /** Starts it again on the same port, without accounts and with another root. */
  async restart(): Promise<void> {
    await this.kill();
    const { options, dnsPort } = this.#parts;
    this.#server = await start(this.#parts, options, dnsPort);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#server.stop(), this.#parts.dns.stop()]);
    this.#parts.folder[Symbol.dispose]();
  }

  async #fetchManagement(path: string): Promise<string> {
    using client = Deno.createHttpClient({ caCerts: [await Deno.readTextFile(this.caFile)] });
    const response = await fetch(`${this.managementUrl}${path}`, { client });
    return await response.text();
  }
}

function renderConfig(options: PebbleOptions, { folder, port, managementPort }: Place): string {
  return JSON.stringify({
    pebble: {
      listenAddress: `127.0.0.1:${port}`,
      managementListenAddress: `127.0.0.1:${managementPort}`,
      certificate: `${folder.path}/cert.pem`,
      privateKey: `${folder.path}/key.pem`,
      httpPort: options.httpPort,
      tlsPort: 1, // Nothing answers tls-alpn-01.
      ocspResponderURL: "",
      externalAccountBindingRequired: false,
      certificateValidityPeriod: options.validitySeconds,
      domainBlocklist: options.blockedNames ?? [],
    },
  });
}

async function start(
  { folder, port }: Place,
  options: PebbleOptions,
  dnsPort: number,
): Promise<TestProcess> {
  return await startProcess(requireInstalled("pebble"), [
    "-config",
    `${folder.path}/config.json`,
    "-dnsserver",
    `127.0.0.1:${dnsPort}`,
  ], {
    env: {
      PEBBLE_VA_NOSLEEP: "1",
      PEBBLE_WFE_NONCEREJECT: String(options.nonceRejectPercent ?? 0),
      PEBBLE_AUTHZREUSE: String(options.authorizationReusePercent ?? 0),
    },
    readyPort: port,
  });
}

/** IPv6 is off: a name without AAAA record makes Pebble come over IPv4. */
async function startDns(port: number): Promise<TestProcess> {
  const off = ["-http01", "", "-https01", "", "-tlsalpn01", ""];
  return await startProcess(requireInstalled("pebble-challtestsrv"), [
    ...off,
    "-defaultIPv4",
    "127.0.0.1",
    "-defaultIPv6",
    "",
    "-dns01",
    `127.0.0.1:${port}`,
    "-management",
    `127.0.0.1:${findFreePort()}`,
  ], { readyPort: port });
}
