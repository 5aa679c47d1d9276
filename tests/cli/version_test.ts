import { match, strictEqual } from "node:assert/strict";
import { VERSION, version } from "../../lib/cli/version.ts";
import { runVerb } from "./recorded_terminal.ts";

Deno.test("VERSION: is a semantic version", () => {
  match(VERSION, /^\d+\.\d+\.\d+(?:-[\w.]+)?$/);
});

Deno.test("version: prints the version and the runtime's", async () => {
  const { code, out, err } = await runVerb(version, "");
  strictEqual(code, 0);
  strictEqual(err, "");
  strictEqual(
    out,
    `postern ${VERSION} (deno ${Deno.version.deno}, ${Deno.build.os} ${Deno.build.arch})`,
  );
});
