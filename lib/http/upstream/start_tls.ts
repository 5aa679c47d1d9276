/**
 * Speaks TLS on a connection and verifies the server, by public roots, an authority of one's own, a
 * fingerprint, or not at all. Not a byte of a request is sent before the verification is done.
 *
 * Goes through `node:tls` because `Deno.startTls` trusts its `caCerts` beside the public roots and
 * not instead of them, refuses a self-signed certificate that says CA:TRUE, as `openssl req -x509`
 * makes them, cannot be told to trust a fingerprint, and keeps the socket open when it is closed
 * within the handshake, for as long as the server likes. The price: a stream of our own between it and
 * the connection, for back-pressure; and an end of stream without close_notify looks like one with it, so that a response whose body ends with the connection could
 * be cut by somebody on the way without being noticed (RFC 9112 §9.8). Does I/O.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { isIP } from "node:net";
import { checkServerIdentity, connect, type ConnectionOptions, type TLSSocket } from "node:tls";
import { errorText, Failure } from "../../base/failures.ts";
import type { Connection } from "../connection.ts";
import { GatedStream } from "./gated_stream.ts";
import { NodeConnection } from "./node_connection.ts";
import { untrusted } from "./tls_failure.ts";
import type { ClientCertificate, TlsTrust } from "./upstream_server.ts";

/**
 * A server that has said all it has to say may still want to hear us, in a tunnel above all. The
 * library's types do not know of this option, which it has.
 */
const HALF_OPEN = { allowHalfOpen: true };

const VERSION_3 = [0xa0, 0x03, 0x02, 0x01, 0x02];

/** What is verified, what is shown, and when to stop. */
export interface StartTlsOptions {
  /** A hostname or an IP address without brackets. */
  readonly serverName: string;
  /** Shown if the server asks for one. Its key fits: that was checked when it was read. */
  readonly clientCertificate?: ClientCertificate;
  /** Aborts when the attempt is given up. */
  readonly signal: AbortSignal;
}

/**
 * Makes the handshake and verifies the server.
 *
 * @param connection Is closed if this fails, or with what is returned.
 * @throws {Failure} `upstream_untrusted` or `upstream_tls`.
 */
export async function startTls(
  connection: Connection,
  trust: TlsTrust,
  options: StartTlsOptions,
): Promise<Connection> {
  const { serverName, signal } = options;
  const stream = new GatedStream(connection);
  const close = () => void stream.destroy();
  signal.addEventListener("abort", close, { once: true });
  try {
    const socket = openSocket(stream, trust, options);
    await handshake(socket, serverName);
    verify(socket, trust, serverName);
    return new NodeConnection(socket, stream);
  } catch (error) {
    close();
    throw error;
  } finally {
    signal.removeEventListener("abort", close);
  }
}

function openSocket(
  stream: GatedStream,
  trust: TlsTrust,
  { serverName, clientCertificate }: StartTlsOptions,
): TLSSocket {
  return connect({
    socket: stream,
    ...trustSettings(trust, serverName),
    cert: clientCertificate?.certPem,
    key: clientCertificate?.keyPem,
    // RFC 6066 §3: an IP address is no server name.
    servername: isIP(serverName) === 0 ? serverName : "",
    ALPNProtocols: ["http/1.1"],
    ...HALF_OPEN,
  });
}

/**
 * The library only takes note of what is wrong with the certificate (`authorized`), and does not
 * refuse it by itself: then it is still there for the message.
 */
function trustSettings(trust: TlsTrust, serverName: string): ConnectionOptions {
  if (trust.kind === "ca") assertCertificate(trust.pem, serverName);
  return {
    rejectUnauthorized: false,
    ca: trust.kind === "ca" ? trust.pem : undefined,
    // The name is stated here: the library would take the socket's address if there is no SNI.
    checkServerIdentity: (_host, certificate) => checkServerIdentity(serverName, certificate),
  };
}

/** Without this, an empty text would mean the public roots. Whether all can be read, `authorities.ts` says. */
function assertCertificate(pem: string, serverName: string): void {
  if (pem.includes("-----BEGIN CERTIFICATE-----")) return;
  throw untrusted(serverName, '"upstream_tls.ca" holds no readable certificate');
}

function handshake(socket: TLSSocket, serverName: string): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once("secureConnect", resolve);
    // Stays: an error that nobody listens for would end the process.
    socket.on("error", (error) => reject(failureOf(error, serverName)));
    socket.once("close", () => {
      const text = `Cannot speak TLS with ${serverName}: connection closed`;
      reject(new Failure("upstream_tls", text));
    });
  });
}

function verify(socket: TLSSocket, trust: TlsTrust, serverName: string): void {
  if (trust.kind === "nothing") return;
  if (trust.kind === "fingerprint") return verifyFingerprint(socket, trust.sha256, serverName);
  if (socket.authorized) return;
  const { valid_from, valid_to } = socket.getPeerCertificate();
  // The library has one text for most reasons.
  if (Date.parse(valid_to) < Date.now()) throw untrusted(serverName, `expired on ${valid_to}`);
  if (Date.parse(valid_from) > Date.now()) {
    throw untrusted(serverName, `not yet valid before ${valid_from}`);
  }
  throw untrusted(serverName, errorText(socket.authorizationError));
}

function verifyFingerprint(socket: TLSSocket, sha256: string, serverName: string): void {
  const der: Uint8Array = socket.getPeerCertificate()?.raw ?? new Uint8Array(0);
  const found = createHash("sha256").update(der).digest("hex");
  if (found !== sha256) throw untrusted(serverName, `certificate has fingerprint ${found}`);
  // The library accepts any handshake signature under a certificate of another version, so that
  // whoever has seen the certificate could show it.
  if (!isVersion3(der)) throw untrusted(serverName, "certificate is not of X.509 version 3");
}

/** RFC 5280 §4.1: SEQUENCE { SEQUENCE { [0] { INTEGER 2 }, … } … }. */
function isVersion3(der: Uint8Array): boolean {
  const start = derContentStart(der, derContentStart(der, 0));
  return VERSION_3.every((byte, index) => der[start + index] === byte);
}

/** @returns Where the content of the DER value at `start` begins (X.690 §8.1.3). */
function derContentStart(der: Uint8Array, start: number): number {
  const length = der[start + 1] ?? 0;
  return start + 2 + (length < 0x80 ? 0 : length & 0x7f);
}

function failureOf(error: Error, serverName: string): Failure {
  const text = `Cannot speak TLS with ${serverName}: ${error.message}`;
  return new Failure("upstream_tls", text, { cause: error });
}
