/**
 * The extensions of a ClientHello that routing needs: server name, ALPN, versions, ECH. The rest is
 * passed over, but must be well formed in its lengths. Pure. Input comes from strangers.
 *
 * @module
 */
import { SERVER_NAME_MAX_BYTES } from "../base/limits.ts";
import type { ByteReader } from "./byte_reader.ts";
import { type Malformed, malformed } from "./hello_message.ts";

/** What the extensions say. */
export interface HelloExtensions {
  serverName: string | undefined;
  alpn: readonly string[];
  supportedVersions: readonly number[];
  isEchOffered: boolean;
}

/** Extension types (IANA "TLS ExtensionType Values"). */
const SERVER_NAME = 0;
const ALPN = 16;
const SUPPORTED_VERSIONS = 43;
const ENCRYPTED_CLIENT_HELLO = 0xfe0d;

const NAME_TYPE_HOST_NAME = 0;

/**
 * Parses the extension block.
 *
 * @param block Reads the block without its length, to its end.
 * @returns The extensions; the first offence if there is one.
 */
export function parseHelloExtensions(block: ByteReader): HelloExtensions | Malformed {
  const extensions: HelloExtensions = {
    serverName: undefined,
    alpn: [],
    supportedVersions: [],
    isEchOffered: false,
  };
  const seen = new TypeSet();
  while (block.remaining > 0) {
    const type = block.uint16();
    const data = block.vector(2);
    if (block.failed) return malformed("extension is cut short", "decode_error");
    // RFC 8446 §4.2. Of two server names, we and the upstream could believe different ones.
    if (!seen.add(type)) return malformed("extension is repeated", "illegal_parameter");
    const offence = parseExtension(extensions, type, data);
    if (offence !== undefined) return offence;
  }
  return extensions;
}

function parseExtension(
  extensions: HelloExtensions,
  type: number,
  data: ByteReader,
): Malformed | undefined {
  switch (type) {
    case SERVER_NAME: {
      const name = parseServerName(data);
      if (typeof name !== "string") return name;
      extensions.serverName = name;
      return undefined;
    }
    case ALPN: {
      const alpn = parseAlpn(data);
      if ("kind" in alpn) return alpn;
      extensions.alpn = alpn;
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
function parseServerName(data: ByteReader): string | Malformed {
  const list = data.vector(2);
  const type = list.uint8();
  const length = list.uint16();
  if (data.failed || list.failed || list.remaining < length) {
    return malformed("server name is cut short", "decode_error");
  }
  if (type !== NAME_TYPE_HOST_NAME) {
    return malformed("server name is of an unknown type", "decode_error");
  }
  if (length === 0) return malformed("server name is empty", "decode_error");
  if (length > SERVER_NAME_MAX_BYTES) return malformed("server name is too long", "decode_error");
  const name = list.text(length);
  if (list.remaining > 0 || data.remaining > 0) {
    return malformed("bytes follow the server name", "decode_error");
  }
  return isNameText(name) ? name : malformed("server name is not ASCII", "illegal_parameter");
}

/**
 * RFC 6066 §3: ASCII. A NUL ends the name for some upstreams (`a.example\0.b.example`); other
 * controls match no route and are left to the route table.
 */
function isNameText(name: string): boolean {
  for (let at = 0; at < name.length; at++) {
    const code = name.charCodeAt(at);
    if (code === 0 || code > 0x7f) return false;
  }
  return true;
}

/** Reads `application_layer_protocol_negotiation` (RFC 7301 §3.1). */
function parseAlpn(data: ByteReader): readonly string[] | Malformed {
  const list = data.vector(2);
  if (data.failed || data.remaining > 0 || list.remaining === 0) {
    return malformed("ALPN list has a wrong length", "decode_error");
  }
  const protocols: string[] = [];
  while (list.remaining > 0) {
    const length = list.uint8();
    const protocol = list.text(length);
    if (list.failed || length === 0) {
      return malformed("ALPN protocol has a wrong length", "decode_error");
    }
    protocols.push(protocol);
  }
  return protocols;
}

/** Reads `supported_versions` (RFC 8446 §4.2.1). */
function parseSupportedVersions(data: ByteReader): readonly number[] | Malformed {
  const list = data.vector(1);
  if (data.failed || data.remaining > 0 || list.remaining === 0 || list.remaining % 2 !== 0) {
    return malformed("list of versions has a wrong length", "decode_error");
  }
  const versions: number[] = [];
  while (list.remaining > 0) versions.push(list.uint16());
  return versions;
}

/**
 * A set of extension types. Assigned ones are small numbers and cost a bit each; a hello of 64 KiB
 * can hold 16,000 others, for which comparing all with all would be an attack.
 */
class TypeSet {
  #low = 0;
  #middle = 0;
  #others: Set<number> | undefined;

  /** @returns False if the type was in the set already. */
  add(type: number): boolean {
    const bit = 1 << (type & 31);
    if (type < 32) {
      if ((this.#low & bit) !== 0) return false;
      this.#low |= bit;
    } else if (type < 64) {
      if ((this.#middle & bit) !== 0) return false;
      this.#middle |= bit;
    } else {
      this.#others ??= new Set();
      if (this.#others.has(type)) return false;
      this.#others.add(type);
    }
    return true;
  }
}
