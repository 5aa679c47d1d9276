/**
 * Builds ClientHellos, good ones and, through `extensions`, bad ones. Pure and without chance: equal
 * options give equal bytes.
 *
 * @module
 */

/** An extension by its type and its content, without the length in front. */
export interface HelloExtension {
  readonly type: number;
  readonly data: Uint8Array;
}

/** What the hello says. */
export interface ClientHelloOptions {
  /** Text is sent as UTF-8. Default: no server_name extension. */
  readonly serverName?: string | Uint8Array;
  /** Default: no ALPN extension. */
  readonly alpn?: readonly string[];
  /** Default: TLS 1.3 and 1.2; an empty list leaves the extension out. */
  readonly supportedVersions?: readonly number[];
  /** Default 0x0303. */
  readonly legacyVersion?: number;
  /** Default 0x0301. */
  readonly recordVersion?: number;
  /** Default: an empty one. */
  readonly sessionId?: Uint8Array;
  /** Appended to those above. */
  readonly extensions?: readonly HelloExtension[];
  /** Leaves the whole extension block out, its length included. */
  readonly withoutExtensions?: boolean;
  /** The largest record's content in bytes, 1 to 16384 (the default). */
  readonly recordSplit?: number;
  /** Bytes of the message, header included, which a padding extension fills up; up to 65535. */
  readonly padTo?: number;
}

const SERVER_NAME = 0;
const ALPN = 16;
const PADDING = 21;
const SUPPORTED_VERSIONS = 43;
const RECORD_MAX_BYTES = 16_384;

/** Builds a ClientHello in its records. */
export function buildClientHello(options: ClientHelloOptions = {}): Uint8Array<ArrayBuffer> {
  const message = buildMessage(options);
  return splitIntoRecords(message, options);
}

/** Encodes a number of `width` bytes, most significant first. */
export function bigEndian(value: number, width: number): number[] {
  return Array.from(
    { length: width },
    (_, at) => Math.floor(value / 256 ** (width - 1 - at)) % 256,
  );
}

/** Puts the length, `width` bytes wide, in front of the bytes. */
export function vector(width: number, bytes: ArrayLike<number>): number[] {
  return [...bigEndian(bytes.length, width), ...Array.from(bytes)];
}

/** Wraps a handshake message into records. */
export function splitIntoRecords(
  message: ArrayLike<number>,
  options: { recordSplit?: number; recordVersion?: number } = {},
): Uint8Array<ArrayBuffer> {
  const { recordSplit = RECORD_MAX_BYTES, recordVersion = 0x0301 } = options;
  const bytes = Array.from(message);
  const records: number[] = [];
  for (let at = 0; at < bytes.length; at += recordSplit) {
    const fragment = bytes.slice(at, at + recordSplit);
    for (const byte of [22, ...bigEndian(recordVersion, 2), ...vector(2, fragment)]) {
      records.push(byte);
    }
  }
  return Uint8Array.from(records);
}

function buildMessage(options: ClientHelloOptions): number[] {
  const fixed = [
    ...bigEndian(options.legacyVersion ?? 0x0303, 2),
    ...Array.from({ length: 32 }, (_, at) => at),
    ...vector(1, options.sessionId ?? []),
    ...vector(2, [0x13, 0x01, 0xc0, 0x2b]),
    ...vector(1, [0]),
  ];
  if (options.withoutExtensions) return [1, ...vector(3, fixed)];
  const extensions = buildExtensions(options);
  const padded = [...extensions, ...buildPadding(fixed.length + extensions.length, options)];
  return [1, ...vector(3, [...fixed, ...vector(2, padded)])];
}

function buildExtensions(options: ClientHelloOptions): number[] {
  const { serverName, alpn, supportedVersions = [0x0304, 0x0303], extensions = [] } = options;
  const all: HelloExtension[] = [];
  if (serverName !== undefined) all.push(serverNameExtension(serverName));
  if (alpn !== undefined) {
    const names = alpn.flatMap((name) => vector(1, new TextEncoder().encode(name)));
    all.push({ type: ALPN, data: Uint8Array.from(vector(2, names)) });
  }
  if (supportedVersions.length > 0) {
    const versions = supportedVersions.flatMap((version) => bigEndian(version, 2));
    all.push({ type: SUPPORTED_VERSIONS, data: Uint8Array.from(vector(1, versions)) });
  }
  return [...all, ...extensions].flatMap(({ type, data }) => [
    ...bigEndian(type, 2),
    ...vector(2, data),
  ]);
}

/** Builds a server_name extension with one host_name. */
export function serverNameExtension(name: string | Uint8Array): HelloExtension {
  const bytes = typeof name === "string" ? new TextEncoder().encode(name) : name;
  return { type: SERVER_NAME, data: Uint8Array.from(vector(2, [0, ...vector(2, bytes)])) };
}

/** @param usedBytes Of the message's body, without the length of the extension block. */
function buildPadding(usedBytes: number, options: ClientHelloOptions): number[] {
  if (options.padTo === undefined) return [];
  // Message header, length of the block, header of the padding.
  const zeros = options.padTo - usedBytes - 4 - 2 - 4;
  if (zeros < 0) throw new RangeError(`Cannot pad to ${options.padTo}: there is more already`);
  return [...bigEndian(PADDING, 2), ...vector(2, new Uint8Array(zeros))];
}
