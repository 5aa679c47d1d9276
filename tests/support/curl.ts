/**
 * curl as a client of Postern: every name leads to one address, and the outcome is a value. Does I/O.
 *
 * @module
 */
import { formatHostPort, type TcpAddress } from "../../lib/base/addresses.ts";
import { requireInstalled } from "./installed.ts";
import { makeTempFolder } from "./temp_folder.ts";

/** Seconds after which curl gives up by itself; a hanging proxy must not hang the run. */
const MAX_TIME_S = 60;

/** How to ask. */
export interface CurlOptions {
  /** Where to connect, whatever the URL's host and port are. */
  readonly to: TcpAddress;
  /** PEM file to verify with. Default: the system's, which trusts no test certificate. */
  readonly caFile?: string;
  /** Further arguments, such as `--http2` or `--head`. */
  readonly args?: readonly string[];
}

/** What came of it. */
export interface CurlResult {
  /** curl's exit code: 0 for a whole answer of whatever status; 18 and 92 for one cut short. */
  readonly code: number;
  /** 0 if there was no answer. */
  readonly status: number;
  /** `1.1` or `2`. */
  readonly httpVersion: string;
  /** Header lines of the final answer, as they came. */
  readonly headers: readonly string[];
  readonly body: string;
  /** What curl says went wrong. */
  readonly error: string;
  /** New connections that it took. */
  readonly connects: number;
  /** Milliseconds from its start to its end, by curl's own clock. */
  readonly totalMs: number;
}

/** Fetches a URL and returns what came, be it a failure; of several (`/[1-5]`), the last. */
export async function curl(url: string, options: CurlOptions): Promise<CurlResult> {
  using folder = makeTempFolder("postern-curl-");
  const head = `${folder.path}/head`;
  const bodyFile = `${folder.path}/body`;
  const { stdout, stderr, code } = await makeCommand(url, options, [
    ...["--dump-header", head, "--output", bodyFile, "--write-out", "%{json}\\n"],
  ]).output();
  // One line per URL, if the URL is a pattern.
  const facts = JSON.parse(new TextDecoder().decode(stdout).trim().split("\n").at(-1)!);
  return {
    code,
    status: facts.response_code,
    httpVersion: facts.http_version,
    headers: lastHead(readIfThere(head)),
    body: readIfThere(bodyFile),
    error: new TextDecoder().decode(stderr).trim(),
    connects: facts.num_connects,
    totalMs: facts.time_total * 1_000,
  };
}

/** Starts a fetch whose body is read from its `stdout` while it comes. */
export function spawnCurl(url: string, options: CurlOptions): Deno.ChildProcess {
  return makeCommand(url, options, ["--no-buffer"]).spawn();
}

/** Returns the value of a header of an answer; undefined if it has none. */
export function headerOf(result: CurlResult, name: string): string | undefined {
  const start = `${name.toLowerCase()}:`;
  const line = result.headers.find((line) => line.toLowerCase().startsWith(start));
  return line?.slice(start.length).trim();
}

function makeCommand(url: string, options: CurlOptions, own: readonly string[]): Deno.Command {
  const { to, caFile, args = [] } = options;
  return new Deno.Command(requireInstalled("curl"), {
    args: [
      ...["--disable", "--silent", "--show-error", "--noproxy", "*", "--path-as-is"],
      ...["--max-time", String(MAX_TIME_S)],
      ...["--connect-to", `::${formatHostPort(to.hostname, to.port)}`],
      ...(caFile === undefined ? [] : ["--cacert", caFile]),
      ...own,
      ...args,
      url,
    ],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
}

/** Interim answers have heads of their own before the last one. */
function lastHead(text: string): string[] {
  const heads = text.split("\r\n\r\n").filter((head) => head !== "");
  return (heads.at(-1) ?? "").split("\r\n").slice(1);
}

function readIfThere(file: string): string {
  try {
    return Deno.readTextFileSync(file);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return ""; // Nothing came, so nothing was written.
    throw error;
  }
}
