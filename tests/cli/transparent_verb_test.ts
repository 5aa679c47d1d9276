import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { runCommandLine } from "../../lib/cli/command_line.ts";
import { clientSourceServers } from "../../lib/cli/transparent_verb.ts";
import { configOf } from "../config/parsing.ts";
import { makeTempFolder } from "../support/temp_folder.ts";
import { recordTerminal } from "./recorded_terminal.ts";

const CONFIG = `version: 1
routes:
  - { hosts: [a.b], mode: passthrough, upstreams: [10.0.0.1:443, "[fd00::1]:8443"], source: client }
  - { hosts: [b.b], mode: passthrough, upstream: 10.0.0.2:443 }
  - hosts: [c.b]
    mode: passthrough
    upstream: 127.0.0.1:9443
    http: off
    source: client
    source_fallback: proxy
  - { hosts: [d.b], mode: offload, upstream: "http://10.0.0.3" }
`;

Deno.test("clientSourceServers: those of routes with source: client, in the order of the file", () => {
  const servers = clientSourceServers(configOf(CONFIG));
  deepStrictEqual(servers.map(({ hostname, port }) => [hostname, port]), [
    ["10.0.0.1", 443],
    ["fd00::1", 8443],
    ["127.0.0.1", 9443],
  ]);
});

Deno.test("transparent: prints the recipe for the servers of the configuration", async () => {
  using folder = makeTempFolder("postern-verb-");
  const terminal = recordTerminal();
  const config = folder.write("routes.yaml", CONFIG);
  strictEqual(await runCommandLine(["transparent", "--config", config], terminal), 0);
  const text = terminal.results.join("\n");
  match(text, /^# On this machine, as root:/);
  match(text, /rule add pref 28783 from 127\.0\.0\.1 iif lo ipproto tcp sport 9443/);
  strictEqual(/10\.0\.0\.[23]/.test(text), false);
});

Deno.test("transparent: says so when no route needs it", async () => {
  using folder = makeTempFolder("postern-verb-");
  const terminal = recordTerminal();
  const text = "version: 1\nroutes: [{ hosts: [a.b], mode: reject }]";
  const config = folder.write("routes.yaml", text);
  strictEqual(await runCommandLine(["transparent", "--config", config], terminal), 0);
  deepStrictEqual(terminal.remarks, ["No route needs it: none has source: client"]);
});

Deno.test("transparent: a configuration that cannot be read is exit code 2", async () => {
  const terminal = recordTerminal();
  strictEqual(await runCommandLine(["transparent", "-c", "/nowhere/x.yaml"], terminal), 2);
});
