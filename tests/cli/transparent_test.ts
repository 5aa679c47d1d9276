import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import type { TcpAddress } from "../../lib/base/addresses.ts";
import {
  type CommandEnd,
  type Machine,
  thisMachine,
  transparent,
  type TransparentAction,
} from "../../lib/cli/transparent.ts";
import { recordTerminal } from "./recorded_terminal.ts";

const DONE: CommandEnd = { kind: "done" };

const NAMES: Readonly<Record<string, readonly string[]>> = {
  "app.internal": ["192.168.1.11", "fd00:1::11"],
  "mapped.internal": ["::ffff:192.168.1.12"],
};

/** A machine with one network of each family; `answer` says how a command ends. */
function fakeMachine(answer: (line: string) => CommandEnd = () => DONE) {
  const ran: string[] = [];
  const machine: Machine = {
    interfaces: () => [
      { address: "127.0.0.1", netmask: "255.0.0.0" },
      { address: "192.168.1.10", netmask: "255.255.255.0" },
      { address: "fd00:1::10", netmask: "ffff:ffff:ffff:ffff::" },
    ],
    resolve: (name) =>
      name in NAMES
        ? Promise.resolve(NAMES[name])
        : Promise.reject(new Error(`getaddrinfo ENOTFOUND ${name}`)),
    run: (argv) => {
      const line = argv.join(" ");
      if (!line.endsWith("--version")) ran.push(line);
      return Promise.resolve(answer(line));
    },
  };
  return { machine, ran };
}

async function runOn(
  { machine }: { machine: Machine },
  action: TransparentAction,
  servers: readonly string[],
): Promise<{ code: number; out: string[]; err: string[] }> {
  const terminal = recordTerminal();
  const addresses = servers.map((text): TcpAddress => {
    const [, hostname, port] = /^(.*):(\d+)$/.exec(text)!;
    return { kind: "tcp", hostname, port: Number(port) };
  });
  const code = await transparent(addresses, { action, terminal, machine });
  return { code, out: terminal.results, err: terminal.remarks };
}

Deno.test("transparent: prints and runs nothing without a flag", async () => {
  const fake = fakeMachine();
  const { code, out, err } = await runOn(fake, "print", ["192.168.1.11:443", "192.168.1.11:8443"]);
  deepStrictEqual([code, err, fake.ran], [0, [], []]);
  deepStrictEqual(out.filter((line) => line.startsWith("#")), [
    "# On this machine, as root:",
    "# On 192.168.1.11, as root, unless its default route is 192.168.1.10 and no client is in its own network:",
  ]);
  deepStrictEqual(out.slice(-3), [
    "ip -4 route replace default via 192.168.1.10 table 28783",
    "ip -4 rule add pref 28783 from 192.168.1.11 ipproto tcp sport 443 lookup 28783",
    "ip -4 rule add pref 28783 from 192.168.1.11 ipproto tcp sport 8443 lookup 28783",
  ]);
});

Deno.test("transparent: names become all of their addresses, mapped ones IPv4", async () => {
  const { out } = await runOn(fakeMachine(), "print", ["app.internal:443", "mapped.internal:443"]);
  deepStrictEqual(
    out.filter((line) => line.startsWith("# On ")).map((line) => line.split(/[ ,]/)[2]),
    ["this", "192.168.1.11", "fd00:1::11", "192.168.1.12"],
  );
});

Deno.test("transparent: one server of several routes is one server", async () => {
  const { out } = await runOn(fakeMachine(), "print", ["127.0.0.1:8443", "127.0.0.1:8443"]);
  strictEqual(out.filter((line) => line.includes("from 127.0.0.1")).length, 1);
});

Deno.test("transparent: says what it cannot know about servers behind routers", async () => {
  const { out } = await runOn(fakeMachine(), "print", ["203.0.113.9:443"]);
  match(out.at(-1)!, /^# 203\.0\.113\.9 is in no network of this machine: every router/);
});

Deno.test("transparent --apply: runs it and prints what is left for others", async () => {
  const fake = fakeMachine();
  const { code, out, err } = await runOn(fake, "apply", ["192.168.1.11:443", "127.0.0.1:8443"]);
  deepStrictEqual([code, err], [0, []]);
  match(out[0], /^# On 192\.168\.1\.11, as root/);
  // Marks last: a marked packet without a route would leave for the client.
  deepStrictEqual(fake.ran.slice(-1), [
    "nft add rule inet postern_transparent divert meta l4proto tcp socket transparent 1 meta mark set 0x706f",
  ]);
  strictEqual(fake.ran.some((line) => line.includes("from 127.0.0.1 iif lo")), true);
});

Deno.test("transparent --apply: uses iptables where nft is not installed", async () => {
  const fake = fakeMachine((line) => line.startsWith("nft ") ? { kind: "not_installed" } : DONE);
  const { code } = await runOn(fake, "apply", ["192.168.1.11:443"]);
  strictEqual(code, 0);
  strictEqual(fake.ran.some((line) => line.startsWith("nft ")), false);
  match(fake.ran.at(-1)!, /^iptables .* -A PREROUTING .* --set-mark 0x706f$/);
});

Deno.test("transparent --apply: stops at the first failure and says what takes it back", async () => {
  const failed: CommandEnd = { kind: "failed", text: "RTNETLINK answers: Operation not permitted" };
  const fake = fakeMachine((line) => line.includes(" route replace ") ? failed : DONE);
  const { code, out, err } = await runOn(fake, "apply", ["192.168.1.11:443"]);
  deepStrictEqual([code, out], [1, []]);
  match(err[0], /Cannot run "ip -4 route replace .*": RTNETLINK answers: Operation not permitted/);
  match(err[1], /hint: it takes root; "deno task postern-transparent --remove"/);
  strictEqual(fake.ran.at(-1)!.includes(" route replace "), true);
});

Deno.test("transparent --apply: names the program that is not installed", async () => {
  const fake = fakeMachine((line) => line.startsWith("nft") ? DONE : { kind: "not_installed" });
  const { code, err } = await runOn(fake, "apply", ["192.168.1.11:443"]);
  strictEqual(code, 1);
  match(err[0], /: ip is not installed$/);
});

Deno.test("transparent --remove: goes on where nothing is left, and needs no server", async () => {
  const fake = fakeMachine((line) =>
    line.endsWith("--version") ? DONE : { kind: "failed", text: "No such file or directory" }
  );
  const { code, out, err } = await runOn(fake, "remove", []);
  deepStrictEqual([code, out, err, fake.ran.length], [0, [], [], 5]);
});

Deno.test("transparent: without a server there is nothing to do", async () => {
  for (const action of ["print", "apply"] as const) {
    const fake = fakeMachine();
    const { code, out, err } = await runOn(fake, action, []);
    deepStrictEqual([code, out, fake.ran], [0, [], []]);
    deepStrictEqual(err, ["No route needs it: none has source: client"]);
  }
});

Deno.test("transparent: a name that does not resolve is an error, and nothing is run", async () => {
  const fake = fakeMachine();
  const { code, err } = await runOn(fake, "apply", ["gone.internal:443"]);
  deepStrictEqual([code, fake.ran], [1, []]);
  match(err[0], /Cannot apply the routing recipe: getaddrinfo ENOTFOUND gone\.internal/);
});

Deno.test("transparent: prints also without permission to run programs", async () => {
  const fake = fakeMachine(() => {
    throw new Deno.errors.NotCapable("Requires run access");
  });
  strictEqual((await runOn(fake, "print", ["192.168.1.11:443"])).code, 0);
  const applied = await runOn(fake, "apply", ["192.168.1.11:443"]);
  strictEqual(applied.code, 1);
  match(applied.err[0], /Cannot apply the routing recipe: Requires run access/);
});

Deno.test("thisMachine: knows its loopback address and the addresses of localhost", async () => {
  const own = thisMachine.interfaces().map(({ address }) => address);
  strictEqual(own.includes("127.0.0.1"), true);
  match((await thisMachine.resolve("localhost")).join(), /127\.0\.0\.1|::1/);
});

Deno.test("thisMachine.run: tells success, failure and absence apart", async () => {
  deepStrictEqual(await thisMachine.run(["sh", "-c", "exit 0"]), DONE);
  deepStrictEqual(await thisMachine.run(["sh", "-c", "echo no >&2; exit 3"]), {
    kind: "failed",
    text: "no",
  });
  deepStrictEqual(await thisMachine.run(["postern-is-no-such-program"]), { kind: "not_installed" });
});
