/**
 * The extensions of a ClientHello that say where it goes and what it is: server name, versions, ECH. The
 * rest is passed over, but must be well formed in its lengths: what is spoken inside of TLS (ALPN) is
 * agreed with whoever ends it. Pure. Input comes from strangers.
 *
 * @module
 */
import { SERVER_NAME_MAX_BYTES } from "../base/limits.ts";
import { type ByteSpan, spanText, uint16At, vector16End, vector8End } from "./byte_span.ts";
import { ExtensionTypeSet } from "./extension_type_set.ts";
import { type Malformed, malformed } from "./hello_message.ts";

/** What the extensions say. */
export interface HelloExtensions {
  serverName: string | undefined;
  supportedVersions: readonly number[];
  isEchOffered: boolean;
}

/** Extension types (IANA "TLS ExtensionType Values"). */
const SERVER_NAME = 0;
const SUPPORTED_VERSIONS = 43;
const ENCRYPTED_CLIENT_HELLO = 0xfe0d;

const NAME_TYPE_HOST_NAME = 0;

const NO_VERSIONS: readonly number[] = Object.freeze([]);

/**
 * Parses the extension block.
 *
 * @param block The block without its length.
 * @returns The extensions; the first offence if there is one.
 */
export function parseHelloExtensions(block: ByteSpan): HelloExtensions | Malformed {
  const extensions: HelloExtensions = {
    serverName: undefined,
    supportedVersions: NO_VERSIONS,
    isEchOffered: false,
  };
  const { bytes } = block;
  const seen = new ExtensionTypeSet();
  // One for all extensions; none of the parsers keeps it.
  const data = { bytes, start: 0, end: 0 };
  for (let at = block.start; at < block.end; at = data.end) {
    const end = vector16End(block, at + 2);
    if (end > block.end) return malformed("extension is cut short", "decode_error");
    const type = uint16At(bytes, at);
    // RFC 8446 §4.2. Of two server names, we and the upstream could believe different ones.
    if (!seen.add(type)) return malformed("extension is repeated", "illegal_parameter");
    data.start = at + 4;
    data.end = end;
    const offence = parseExtension(extensions, type, data);
    if (offence !== undefined) return offence;
  }
  return extensions;
}

function parseExtension(
  extensions: HelloExtensions,
  type: number,
  data: ByteSpan,
): Malformed | undefined {
  switch (type) {
    case SERVER_NAME: {
      const name = parseServerName(data);
      if (typeof name !== "string") return name;
      extensions.serverName = name;
      return undefined;
    }
    case SUPPORTED_VERSIONS: {
      const versions = parseSupportedVersions(data);
      if ("kind" in versions) return versions;
      extensions.supportedVersions = versions;
      return undefined;
    }
    case ENCRYPTED_CLIENT_HELLO:
      extensions.isEchOffered = true;
      return undefined;
    default:
      return undefined;
  }
}

/**
 * Reads `server_name` (RFC 6066 §3): a list, in which no client has ever sent anything but one
 * host_name. Everything else is refused: parsers differ in which entry they believe.
 */
function parseServerName(data: ByteSpan): string | Malformed {
  const { bytes, start, end } = data;
  const listEnd = vector16End(data, start);
  const nameAt = start + 5;
  if (listEnd > end || nameAt > listEnd) {
    return malformed("server name is cut short", "decode_error");
  }
  const length = uint16At(bytes, start + 3);
  const nameEnd = nameAt + length;
  if (nameEnd > listEnd) return malformed("server name is cut short", "decode_error");
  if (bytes[start + 2] !== NAME_TYPE_HOST_NAME) {
    return malformed("server name is of an unknown type", "decode_error");
  }
  if (length === 0) return malformed("server name is empty", "decode_error");
  if (length > SERVER_NAME_MAX_BYTES) return malformed("server name is too long", "decode_error");
  // In the list or behind it.
  if (nameEnd < end) return malformed("bytes follow the server name", "decode_error");
  const name = { bytes, start: nameAt, end: nameEnd };
  return isName(name) ? spanText(name) : malformed("server name is not ASCII", "illegal_parameter");
}

/**
 * RFC 6066 §3: ASCII. A NUL ends the name for some upstreams (`a.example\0.b.example`); other
 * controls match no route and are left to the route table.
 */
function isName({ bytes, start, end }: ByteSpan): boolean {
  for (let at = start; at < end; at++) {
    if (bytes[at] === 0 || bytes[at] > 0x7f) return false;
  }
  return true;
}

/** Reads `supported_versions` (RFC 8446 §4.2.1). */
function parseSupportedVersions(data: ByteSpan): readonly number[] | Malformed {
  const { bytes, start, end } = data;
  const listAt = start + 1;
  const listBytes = end - listAt;
  if (vector8End(data, start) !== end || listBytes === 0 || listBytes % 2 !== 0) {
    return malformed("list of versions has a wrong length", "decode_error");
  }
  const versions = new Array<number>(listBytes / 2);
  for (let at = listAt; at < end; at += 2) versions[(at - listAt) / 2] = uint16At(bytes, at);
  return versions;
}
