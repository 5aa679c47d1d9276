/**
 * Postern as its users run it: a process of its own, with exactly the permissions of deno.json's
 * `postern` task. Whoever starts one disposes of it. Does I/O.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { parseAddress, type TcpAddress } from "../../lib/base/addresses.ts";
import { startProcess, type TestProcess } from "./process.ts";
import { makeTempFolder, type TempFolder } from "./temp_folder.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** What Postern prints to standard error when every listener is open. */
const READY_LINE = /\bready https=(\S*) http=(\S*)/;

/** How to start Postern. */
export interface PosternOptions {
  /** Added after the verb's own options. */
  readonly args?: readonly string[];
  /** In place of the permissions of the `postern` task. */
  readonly permissions?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** The most descriptors the process may have open. */
  readonly openFilesMax?: number;
  /** Words that start a program in other surroundings: a network namespace, without a capability. */
  readonly startedBy?: readonly string[];
  /** In place of a fresh state folder, which would be removed at the end: for restarts. */
  readonly stateFolder?: string;
  /** In place of `routes.yaml` in a fresh folder: its absolute path, already written. */
  readonly configFile?: string;
}

/**
 * Starts `postern run` with a configuration and waits until it is ready. Let it listen on
 * `127.0.0.1:0`.
 *
 * @param configYaml Is written to a temporary `routes.yaml`; ignored if `configFile` is given.
 * @throws {Error} If it does not get ready; the message holds its output.
 */
export async function startPostern(
  configYaml: string,
  options: PosternOptions = {},
): Promise<Postern> {
  const folder = makeTempFolder("postern-run-");
  try {
    const configFile = options.configFile ?? folder.write("routes.yaml", configYaml);
    const stateFolder = options.stateFolder ?? `${folder.path}/state`;
    const verb = ["run", "--config", configFile, "--state", stateFolder, ...options.args ?? []];
    const limitedTo = limited(posternCommand(verb, options), options.openFilesMax);
    const [program, ...args] = [...options.startedBy ?? [], ...limitedTo];
    const process = await startProcess(program, args, {
      cwd: ROOT,
      env: { NO_COLOR: "1", ...options.env },
      readyLine: READY_LINE,
      readyTimeoutMs: 60_000,
    });
    return new Postern(process, { folder, configFile, stateFolder });
  } catch (error) {
    folder[Symbol.dispose]();
    throw error;
  }
}

/** Starts any verb of the command line (`check`, `routes`, …) without waiting for it to be ready. */
export async function runPostern(
  args: readonly string[],
  options: Pick<PosternOptions, "permissions" | "env"> & { readonly cwd?: string } = {},
): Promise<TestProcess> {
  return await startProcess(Deno.execPath(), posternCommand(args, options), {
    cwd: options.cwd ?? ROOT,
    env: { NO_COLOR: "1", ...options.env },
  });
}

/** A running Postern. */
export class Postern implements AsyncDisposable {
  readonly process: TestProcess;
  readonly configFile: string;
  readonly stateFolder: string;
  /** Real addresses of the TLS listeners, in the order of the configuration. */
  readonly https: readonly TcpAddress[];
  /** Real addresses of the port-80 listeners; empty if they are switched off. */
  readonly http: readonly TcpAddress[];
  readonly #folder: TempFolder;

  constructor(
    process: TestProcess,
    files: { folder: TempFolder; configFile: string; stateFolder: string },
  ) {
    this.process = process;
    this.#folder = files.folder;
    this.configFile = files.configFile;
    this.stateFolder = files.stateFolder;
    const ready = process.stderr.map((line) => READY_LINE.exec(line)).find((match) =>
      match !== null
    );
    this.https = parseAddresses(ready?.[1] ?? "");
    this.http = parseAddresses(ready?.[2] ?? "");
  }

  /** The lines of its log so far. */
  get log(): string[] {
    return this.process.stderr;
  }

  /** Waits for a line of its log, earlier lines included. */
  async waitForLog(pattern: RegExp, timeoutMs?: number): Promise<RegExpMatchArray> {
    return await this.process.waitForLine(pattern, timeoutMs);
  }

  /**
   * Replaces its configuration file; the caller says how it is told.
   *
   * @param configYaml The whole new file.
   */
  writeConfig(configYaml: string): void {
    // In one step: an earlier reload may be reading it.
    Deno.writeTextFileSync(`${this.configFile}.new`, configYaml);
    Deno.renameSync(`${this.configFile}.new`, this.configFile);
  }

  /**
   * Sends SIGTERM and waits for the end, its drain included.
   *
   * @param timeoutMs Milliseconds until SIGKILL, which shows as code 137. Default 40 s.
   * @returns The exit code.
   */
  async stop(timeoutMs = 40_000): Promise<number> {
    return (await this.process.stop("SIGTERM", timeoutMs)).code;
  }

  /** Ends it and removes its temporary folder. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop(10_000);
    this.#folder[Symbol.dispose]();
  }
}

/** Permissions granted by deno.json's `postern` task, so that tests notice one that is missing. */
export function posternPermissions(): string[] {
  const { tasks } = JSON.parse(Deno.readTextFileSync(`${ROOT}deno.json`));
  const command: string = tasks.postern.command;
  return command.split(" ").filter((word) => word.startsWith("--allow-"));
}

function posternCommand(
  args: readonly string[],
  options: Pick<PosternOptions, "permissions">,
): string[] {
  const permissions = options.permissions ?? posternPermissions();
  return ["run", "--quiet", ...permissions, `${ROOT}main.ts`, ...args];
}

/** A shell sets the limit and becomes the program, which keeps its id. */
function limited(args: string[], openFilesMax: number | undefined): string[] {
  if (openFilesMax === undefined) return [Deno.execPath(), ...args];
  return ["sh", "-c", `ulimit -n ${openFilesMax}; exec "$@"`, "sh", Deno.execPath(), ...args];
}

function parseAddresses(list: string): TcpAddress[] {
  return list.split(",").filter((text) => text !== "" && text !== "-").map((text) => {
    const address = parseAddress(text);
    if (address.kind !== "tcp") throw new Error(`Not an address in the ready line: ${text}`);
    return address;
  });
}
