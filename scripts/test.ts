/**
 * The test command: installs what the tests need, then checks formatting, lint and types and runs
 * every test. The last line says how many tests passed, failed and were skipped; exit code 1 if any
 * failed. Does I/O.
 *
 *     npx --yes deno@2.9.6 task test [--unit] [--filter <text or /regexp/>]
 *
 * @module
 */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { installDebianPackages } from "./test/debian_packages.ts";
import {
  addOutcomes,
  formatCounts,
  formatSeconds,
  NOTHING,
  type Outcome,
  outcomeOfCheck,
  outcomeOfTests,
} from "./test/report.ts";
import { type CommandResult, runCommand } from "./test/run_command.ts";

/** Folders whose tests start whole programs and need minutes; `--unit` leaves them out. */
const SLOW_FOLDERS = ["tests/e2e", "tests/interop", "tests/bench"];

/** Ends a step that hangs. All together take some 12 minutes at rest; a busy machine may need twice that. */
const STEP_TIMEOUT_MS = 15 * 60_000;

/** What tests are allowed to do. */
const TEST_PERMISSIONS = [
  "--allow-net", // Loopback listeners and clients; Deno cannot name "any port of 127.0.0.0/8".
  "--allow-read", // Sources, test data, temporary folders.
  "--allow-write", // Temporary folders, golden files.
  "--allow-env", // PATH, npm packages that look for their settings.
  "--allow-run", // Servers, clients and Postern itself as processes.
  "--allow-ffi", // System calls of lib/linux.
  "--allow-sys", // The user's id: some servers do not run as root.
];

/** One part of the run. */
interface Step {
  readonly name: string;
  readonly run: () => Promise<Outcome>;
}

/** One part that has been run. */
interface StepResult {
  readonly name: string;
  readonly outcome: Outcome;
  readonly durationMs: number;
}

const { values: options } = parseArgs({
  args: Deno.args,
  options: { unit: { type: "boolean", default: false }, filter: { type: "string" } },
});

if (import.meta.main) Deno.exit(await main());

async function main(): Promise<number> {
  Deno.chdir(fileURLToPath(new URL("../", import.meta.url)));
  const results: StepResult[] = [];
  const steps = planSteps();
  for (const [index, step] of steps.entries()) {
    console.log(`\n== ${index + 1}/${steps.length} ${step.name}`);
    const startedMs = performance.now();
    const outcome = await step.run();
    const durationMs = performance.now() - startedMs;
    console.log(`== ${index + 1}/${steps.length} ${formatStep(step.name, outcome, durationMs)}`);
    results.push({ name: step.name, outcome, durationMs });
  }
  return printEnd(results);
}

function planSteps(): Step[] {
  const packages = { name: "Debian packages", run: installPackages };
  const checks = [
    checkStep("format", ["fmt", "--check"]),
    checkStep("lint", ["lint"]),
    checkStep("types", ["check", "--frozen"]),
  ];
  const slow = SLOW_FOLDERS.filter(holdsTests);
  return [
    ...(options.unit ? [] : [packages]),
    ...(options.filter === undefined ? checks : []),
    testStep("unit tests", [`--ignore=${SLOW_FOLDERS.join(",")}`, "tests"]),
    ...(options.unit ? [] : slow.map((folder) => testStep(`${folder.slice(6)} tests`, [folder]))),
  ];
}

async function installPackages(): Promise<Outcome> {
  console.log(await installDebianPackages(Deno.env.toObject()));
  return NOTHING;
}

function checkStep(name: string, args: readonly string[]): Step {
  const run = async () => outcomeOfCheck(`deno ${args[0]}`, (await runDeno(args)).success);
  return { name, run };
}

function testStep(name: string, args: readonly string[]): Step {
  const filter = options.filter === undefined ? [] : ["--filter", options.filter];
  // Types are a step of their own: one wrong type must not take every test's result with it.
  const flags = ["--frozen", "--no-check", "--no-prompt"];
  const all = ["test", ...flags, ...TEST_PERMISSIONS, ...filter, ...args];
  const run = async () => {
    const { lines, success, why } = await runDeno(all, withoutProxy(Deno.env.toObject()));
    return outcomeOfTests(lines, { name, success, why });
  };
  return { name, run };
}

async function runDeno(
  args: readonly string[],
  env: Readonly<Record<string, string>> = Deno.env.toObject(),
): Promise<CommandResult> {
  return await runCommand(Deno.execPath(), args, {
    timeoutMs: STEP_TIMEOUT_MS,
    env: { ...env, NO_COLOR: "1" },
  });
}

/**
 * Npm packages have been fetched by the type check; all a test talks to is on loopback, where a
 * forward proxy of the environment must not stand in between.
 */
function withoutProxy(env: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !/_proxy$/i.test(name)));
}

function printEnd(results: readonly StepResult[]): number {
  const total = addOutcomes(results.map((result) => result.outcome));
  console.log();
  for (const { name, outcome, durationMs } of results) {
    console.log(formatStep(name, outcome, durationMs));
  }
  printList("Failed:", total.failures);
  printList("Skipped:", total.skips);
  console.log(`\n${formatCounts(total.counts)}`);
  return total.counts.failed > 0 ? 1 : 0;
}

function formatStep(name: string, outcome: Outcome, durationMs: number): string {
  const { passed, failed } = outcome.counts;
  const words = passed + failed === 0 ? "done" : formatCounts(outcome.counts);
  return `${name.padEnd(18)}${formatSeconds(durationMs)}  ${words}`;
}

function printList(title: string, names: readonly string[]): void {
  if (names.length > 0) console.log(["", title, ...names.map((name) => `  ${name}`)].join("\n"));
}

/** `deno test` fails on a folder without tests. */
function holdsTests(folder: string): boolean {
  if (!existsSync(folder)) return false;
  return Array.from(Deno.readDirSync(folder)).some(({ name, isDirectory }) =>
    isDirectory ? holdsTests(`${folder}/${name}`) : name.endsWith("_test.ts")
  );
}
