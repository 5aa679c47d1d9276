/**
 * Reads `tests/testdata/clienthello/*.txt`: hellos of real clients, a head of `key: value` lines, an
 * empty line, then hex.
 *
 * @module
 */

/** One file. */
export interface HelloVector {
  readonly file: string;
  readonly serverName: string | undefined;
  readonly isTls13: boolean;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Reads every vector, in order of name. */
export function readHelloVectors(): HelloVector[] {
  const folder = new URL("../testdata/clienthello/", import.meta.url);
  const files = Array.from(Deno.readDirSync(folder), (entry) => entry.name).sort();
  return files.map((file) => parseVector(file, Deno.readTextFileSync(new URL(file, folder))));
}

function parseVector(file: string, text: string): HelloVector {
  const [head, hex] = text.split("\n\n");
  const keys = new Map(head.split("\n").map((line) => line.split(": ") as [string, string]));
  return {
    file,
    serverName: keys.get("server_name"),
    isTls13: keys.get("tls13") === "yes",
    bytes: Uint8Array.fromHex(hex.replaceAll("\n", "")),
  };
}
