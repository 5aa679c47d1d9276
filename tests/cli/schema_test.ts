import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { schema } from "../../lib/cli/schema.ts";
import { configJsonSchema } from "../../lib/config/json_schema.ts";
import { runVerb } from "./recorded_terminal.ts";

Deno.test("schema: prints the schema of the configuration as JSON", async () => {
  const { code, out, err } = await runVerb(schema, "");
  deepStrictEqual({ code, err }, { code: 0, err: "" });
  deepStrictEqual(JSON.parse(out), configJsonSchema());
});

Deno.test("schema: needs no configuration file", async () => {
  strictEqual((await runVerb(schema, "/nowhere/routes.yaml")).code, 0);
});
