/**
 * Installs the programs that tests talk to, where that is possible: on Debian, as root, and only those
 * that are missing. Where it is not, the tests that need them skip and say so. Does I/O.
 *
 * @module
 */
import { runCommand } from "./run_command.ts";

/** Each package with what tests need it for. */
const PACKAGES: Readonly<Record<string, string>> = {
  "ca-certificates": "the roots that upstreams are verified against by default",
  curl: "an HTTP/1.1 and HTTP/2 client that is not ours",
  openssl: "a TLS client that shows certificates, protocols and alerts",
  nginx: "an upstream that understands PROXY headers",
  "libnginx-mod-stream": "the same below HTTP",
  haproxy: "the reference for PROXY headers",
  apache2: "an upstream with mod_remoteip",
  pebble: "an ACME directory that rejects nonces",
  iproute2: "network namespaces, for `source: client`",
  nftables: "marks of packets, for the same",
  iptables: "the same where there is no nftables",
  "nghttp2-client": "h2load and nghttp: HTTP/2 with many streams",
  caddy: "a peer of the benchmarks, whose loads are tested",
  chromium: "a browser: WebSocket, EventSource and uploads of a page",
  slowhttptest: "clients that take their time",
};

/** One mirror that does not answer must not stop the tests. */
const APT_TIMEOUT_MS = 5 * 60_000;

const APT_OPTIONS = ["-q", "-o", "Acquire::Retries=3", "-o", "DPkg::Lock::Timeout=60"];

/** Installs what is missing and returns in words what came of it. */
export async function installDebianPackages(
  env: Readonly<Record<string, string>>,
): Promise<string> {
  const missing = await findMissing(Object.keys(PACKAGES));
  if (missing === undefined) return "not on Debian: nothing installed";
  if (missing.length === 0) return "all installed";
  if (Deno.uid() !== 0) return `not root: ${missing.join(", ")} not installed`;
  console.log(missing.map((name) => `  ${name.padEnd(20)} ${PACKAGES[name]}`).join("\n"));
  await apt(["update"], env);
  const options = ["install", "-y", "--no-install-recommends"];
  if (!await apt([...options, ...missing], env)) {
    // One package that this release does not have must not cost the others.
    for (const name of missing) await apt([...options, name], env);
  }
  const still = await findMissing(missing) ?? [];
  return still.length === 0 ? `installed ${missing.join(", ")}` : `not there: ${still.join(", ")}`;
}

/** @returns undefined if this is not Debian or one of its descendants. */
async function findMissing(names: readonly string[]): Promise<string[] | undefined> {
  try {
    // It fails when one package is unknown, and still prints the others.
    const { stdout } = await new Deno.Command("dpkg-query", {
      args: ["-W", "-f", "${db:Status-Status} ${Package}\\n", ...names],
      stderr: "null",
    }).output();
    const installed = new TextDecoder().decode(stdout).split("\n");
    return names.filter((name) => !installed.includes(`installed ${name}`));
  } catch {
    return undefined; // There is no dpkg-query.
  }
}

async function apt(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<boolean> {
  const result = await runCommand("apt-get", [...APT_OPTIONS, ...args], {
    timeoutMs: APT_TIMEOUT_MS,
    // Packages of servers start them at once, on ports 80 and 443: neither System V init scripts
    // (RUNLEVEL) nor systemd (SYSTEMD_OFFLINE) shall. Both hold for this command only.
    env: { ...env, DEBIAN_FRONTEND: "noninteractive", RUNLEVEL: "1", SYSTEMD_OFFLINE: "1" },
  });
  return result.success;
}
