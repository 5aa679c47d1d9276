import { deepStrictEqual, match, notStrictEqual, strictEqual } from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { fileURLToPath } from "node:url";
import { testWithPrograms } from "../support/installed.ts";
import { testWithIpv6, whyNoIpv6 } from "../support/ipv6.ts";
import { type Postern, startPostern } from "../support/postern.ts";
import { startProcess } from "../support/process.ts";
import { shownCertificate } from "../support/shown_certificate.ts";
import { makeTempFolder } from "../support/temp_folder.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** The repository's file but for its fixed ports, its state folder, and IPv6 where there is none. */
const DEFAULT_YAML = Deno.readTextFileSync(`${ROOT}routes.yaml`)
  .replaceAll(/:8443|:8080/g, ":0").replace(/^state: .*$/m, "")
  .replaceAll(whyNoIpv6 === undefined ? /$^/g : /, "\[::1\]:0"/g, "");

/** The commands that a fresh start prints, with the comment above each pair. */
function printedCommands(lines: readonly string[]): { command: string; about: string }[] {
  let about = "";
  return lines.map((line) => line.trim()).flatMap((line) => {
    if (line.startsWith("# ")) about = line.slice(2);
    return line.startsWith("curl ") ? [{ command: line, about }] : [];
  });
}

/** Runs a line as a user who pastes it would. */
async function paste(command: string): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command("bash", {
    args: ["-c", command],
    env: { no_proxy: "*", NO_PROXY: "*" },
    stdin: "null",
  }).output();
  const text = new TextDecoder().decode(stdout).replaceAll("\r\n", "\n");
  strictEqual(code, 0, `${command}\n${text}\n${new TextDecoder().decode(stderr)}`);
  return text;
}

/** What the four lines answer; ports and the version token differ each time. */
const ANSWERS: readonly [start: string, answer: RegExp][] = [
  [
    "passthrough.localhost, passed through",
    /^Postern sample upstream: TLS with a certificate of its own, behind a passthrough route\n {2}asked for {9}GET https:\/\/passthrough\.localhost:\d+\/\n {2}connected from {4}127\.0\.0\.1\n$/,
  ],
  [
    "passthrough.localhost, passed through",
    /^HTTP\/1\.1 200 OK\n(?:.+\n)+\nPostern sample upstream: plain HTTP, [^]*\n {2}x-forwarded-for {3}127\.0\.0\.1\n {2}x-forwarded-proto {1}http\n {2}x-forwarded-host {2}passthrough\.localhost:\d+\n/,
  ],
  [
    "offload.localhost, offloaded",
    /^Postern sample upstream: plain HTTP, behind an offloaded route\n {2}asked for {9}GET http:\/\/offload\.localhost:\d+\/\n {2}connected from {4}127\.0\.0\.1\n {2}x-forwarded-for {3}127\.0\.0\.1\n {2}x-forwarded-proto {1}https\n/,
  ],
  [
    "offload.localhost, offloaded",
    /^HTTP\/1\.1 308 Permanent Redirect\n(?:.+\n)*location: https:\/\/offload\.localhost:\d+\/\n/i,
  ],
];

async function checkPrintedLines(lines: readonly string[]): Promise<void> {
  const commands = printedCommands(lines);
  strictEqual(commands.length, ANSWERS.length, lines.join("\n"));
  for (const [index, { command, about }] of commands.entries()) {
    const [start, answer] = ANSWERS[index];
    strictEqual(about.startsWith(start), true, about);
    match(await paste(command), answer, command);
  }
}

testWithPrograms(
  ["bash", "curl"],
  "default configuration: every printed line works when it is pasted",
  async () => {
    await using postern = await startPostern(DEFAULT_YAML);
    await postern.waitForLog(/offload\.localhost.*--include/);
    await checkPrintedLines(postern.process.stdout);
  },
);

testWithPrograms(
  ["bash", "curl"],
  "default configuration: the lines work from a state folder with a space and a quote",
  async () => {
    using folder = makeTempFolder("postern it's me ");
    await using postern = await startPostern(DEFAULT_YAML, { stateFolder: `${folder.path}/state` });
    await postern.waitForLog(/offload\.localhost.*--include/);
    await checkPrintedLines(postern.process.stdout);
  },
);

testWithPrograms(
  ["openssl"],
  "default configuration: passthrough shows the sample's certificate, offload the internal CA's",
  async () => {
    await using postern = await startPostern(DEFAULT_YAML);
    const passed = await shownCertificate(postern.https[0], "passthrough.localhost");
    strictEqual(passed.subject, "CN=Postern sample upstream");
    strictEqual(passed.issuer, "CN=Postern sample upstream");
    const offloaded = await shownCertificate(postern.https[0], "offload.localhost");
    match(offloaded.issuer, /^CN=Postern internal CA [0-9a-f]{8}$/);
    strictEqual(offloaded.subjectAltName, "DNS:offload.localhost");
    const ca = Deno.readTextFileSync(`${postern.stateFolder}/internal-ca/cert.pem`);
    strictEqual(offloaded.verify(new X509Certificate(ca).publicKey), true);
    strictEqual(passed.checkIssued(new X509Certificate(ca)), false);
  },
);

/** Paths below a folder, each with its kind and permission bits. */
function permissionsBelow(folder: string, prefix = ""): string[] {
  return [...Deno.readDirSync(`${folder}/${prefix}`)].flatMap((entry) => {
    const name = `${prefix}${entry.name}`;
    const mode = (Deno.statSync(`${folder}/${name}`).mode! & 0o7777).toString(8);
    return entry.isDirectory
      ? [`${mode} ${name}/`, ...permissionsBelow(folder, `${name}/`)]
      : [`${mode} ${name}`];
  }).sort();
}

Deno.test("default configuration: folders of the state have mode 700, files 600", async () => {
  await using postern = await startPostern(DEFAULT_YAML);
  strictEqual(Deno.statSync(postern.stateFolder).mode! & 0o7777, 0o700);
  deepStrictEqual(permissionsBelow(postern.stateFolder), [
    "600 .lock",
    "600 internal-ca/cert.pem",
    "600 internal-ca/key.pem",
    "600 sample/cert.pem",
    "700 internal-ca/",
    "700 sample/",
  ]);
});

Deno.test("default configuration: a second start keeps the internal CA", async () => {
  using folder = makeTempFolder();
  const stateFolder = `${folder.path}/state`;
  const read = (name: string) => Deno.readTextFileSync(`${stateFolder}/${name}`);
  const run = async () => {
    await using postern = await startPostern(DEFAULT_YAML, { stateFolder });
    strictEqual(await postern.stop(), 0);
    return [read("internal-ca/cert.pem"), read("internal-ca/key.pem"), read("sample/cert.pem")];
  };
  const [caCert, caKey, sample] = await run();
  const [caCertAgain, caKeyAgain, sampleAgain] = await run();
  strictEqual(caCertAgain, caCert);
  strictEqual(caKeyAgain, caKey);
  // Nobody is asked to trust it for longer than a look.
  notStrictEqual(sampleAgain, sample);
});

testWithIpv6([], "default configuration: listens on loopback only, on both families", async () => {
  await using postern = await startPostern(DEFAULT_YAML);
  const hostnames = (addresses: Postern["https"]) => addresses.map(({ hostname }) => hostname);
  deepStrictEqual(hostnames(postern.https), ["127.0.0.1", "::1"]);
  deepStrictEqual(hostnames(postern.http), ["127.0.0.1", "::1"]);
});

/** The repository's own file names fixed ports: somebody else may have them. */
const FIXED_PORTS = ["127.0.0.1:8443", "[::1]:8443", "127.0.0.1:8080", "[::1]:8080"];

function takenPorts(): string[] {
  return FIXED_PORTS.filter((address) => {
    const [, hostname, port] = /^\[?(.*?)\]?:(\d+)$/.exec(address)!;
    try {
      Deno.listen({ hostname, port: Number(port) }).close();
      return false;
    } catch {
      return true; // Taken, or there is no IPv6: either way the test below cannot run.
    }
  });
}

const taken = takenPorts();

Deno.test({
  name: "default configuration: deno task start works in place" +
    (taken.length === 0 ? "" : ` (skipped: cannot listen on ${taken.join(", ")})`),
  ignore: taken.length > 0,
  fn: async () => {
    using folder = makeTempFolder();
    const args = ["task", "start", "--state", `${folder.path}/state`];
    await using process = await startProcess(Deno.execPath(), args, {
      cwd: ROOT,
      env: { NO_COLOR: "1" },
      readyLine: /offload\.localhost.*--include/,
      readyTimeoutMs: 30_000,
    });
    const [, https, http] = await process.waitForLine(/ready https=(\S*) http=(\S*)/);
    deepStrictEqual([...https.split(","), ...http.split(",")], FIXED_PORTS);
    await checkPrintedLines(process.stdout);
    const v6 = { kind: "tcp", hostname: "::1", port: 8443 } as const;
    const { subject } = await shownCertificate(v6, "passthrough.localhost");
    strictEqual(subject, "CN=Postern sample upstream");
    strictEqual((await process.stop("SIGTERM")).code, 0);
  },
});
