import assert from "node:assert/strict";
import { parse as parseYaml } from "yaml";
import { configJsonSchema } from "../../lib/config/json_schema.ts";
import { DefaultsSchema, FileSchema, RouteSchema } from "../../lib/config/schema.ts";

interface Schema {
  type?: string;
  const?: unknown;
  enum?: unknown[];
  pattern?: string;
  description?: string;
  properties?: Record<string, Schema>;
  required?: string[];
  /** A schema where any key may stand. */
  additionalProperties?: boolean | Schema;
  propertyNames?: Schema;
  items?: Schema;
  minItems?: number;
  maxItems?: number;
  anyOf?: Schema[];
}

const schema = configJsonSchema() as Schema & Record<string, unknown>;

Deno.test("configJsonSchema names its draft, its title and its purpose", () => {
  assert.equal(schema.$schema, "https://json-schema.org/draft/2020-12/schema");
  assert.equal(schema.title, "Postern routes.yaml");
  assert.match(schema.description!, /ports 443 and 80/);
  assert.deepEqual(JSON.parse(JSON.stringify(schema)), schema);
});

/** Every schema inside, with its path. */
function* within(inner: Schema, path: string): Generator<[string, Schema]> {
  yield [path, inner];
  for (const [key, value] of Object.entries(inner.properties ?? {})) {
    yield* within(value, `${path}.${key}`);
  }
  if (inner.items !== undefined) yield* within(inner.items, `${path}[]`);
  for (const [index, value] of (inner.anyOf ?? []).entries()) {
    yield* within(value, `${path}|${index}`);
  }
}

Deno.test("configJsonSchema describes every key, and closes every mapping", () => {
  let keys = 0;
  for (const [path, { properties, additionalProperties }] of within(schema, "$")) {
    if (properties === undefined) continue;
    assert.equal(additionalProperties, false, path);
    for (const [key, { description }] of Object.entries(properties)) {
      keys++;
      assert.match(description ?? "", /^\S.*\S$/, `${path}.${key}`);
    }
  }
  assert(keys > 60, String(keys));
});

Deno.test("configJsonSchema has the keys of the definition that checks the file", () => {
  assert.deepEqual(Object.keys(schema.properties!), Object.keys(FileSchema.shape));
  const route = schema.properties!.routes.items!;
  assert.deepEqual(Object.keys(route.properties!), Object.keys(RouteSchema.shape));
  const defaults = schema.properties!.defaults;
  assert.deepEqual(Object.keys(defaults.properties!), Object.keys(DefaultsSchema.shape));
  assert.deepEqual(schema.required, ["version", "routes"]);
  assert.deepEqual(route.required, ["hosts", "mode"]);
  assert.deepEqual(route.properties!.mode.enum, [
    "passthrough",
    "offload",
    "terminate",
    "redirect",
    "reject",
  ]);
});

const TYPES: Readonly<Record<string, (value: unknown) => boolean>> = {
  string: (value) => typeof value === "string",
  number: (value) => typeof value === "number",
  boolean: (value) => typeof value === "boolean",
  array: Array.isArray,
  object: (value) => typeof value === "object" && value !== null && !Array.isArray(value),
};

/** As much of JSON Schema as the schema uses; any other keyword is an error. */
function accepts(inner: Schema, value: unknown): boolean {
  const known = "type const enum pattern description properties required additionalProperties " +
    "propertyNames items minItems maxItems anyOf title $schema";
  for (const keyword of Object.keys(inner)) {
    assert(known.split(" ").includes(keyword), `keyword ${keyword}`);
  }
  if (inner.type !== undefined && !TYPES[inner.type](value)) return false;
  if (inner.const !== undefined && inner.const !== value) return false;
  if (inner.enum !== undefined && !inner.enum.includes(value)) return false;
  if (inner.pattern !== undefined && !new RegExp(inner.pattern).test(String(value))) return false;
  if (inner.anyOf !== undefined && !inner.anyOf.some((one) => accepts(one, value))) return false;
  if (Array.isArray(value)) {
    return value.length >= (inner.minItems ?? 0) && value.length <= (inner.maxItems ?? Infinity) &&
      value.every((item) => inner.items === undefined || accepts(inner.items, item));
  }
  if (!TYPES.object(value)) return true;
  const mapping = value as Record<string, unknown>;
  const { additionalProperties: any } = inner;
  if (typeof any === "object") return Object.values(mapping).every((item) => accepts(any, item));
  if (inner.properties === undefined) return true;
  return (inner.required ?? []).every((key) => Object.hasOwn(mapping, key)) &&
    Object.entries(mapping).every(([key, item]) =>
      Object.hasOwn(inner.properties!, key) && accepts(inner.properties![key], item)
    );
}

const FOLDER = new URL("../testdata/config/", import.meta.url);

for (const { name } of Deno.readDirSync(new URL("good/", FOLDER))) {
  if (!name.endsWith(".yaml")) continue;
  Deno.test(`configJsonSchema accepts ${name}`, () => {
    const text = Deno.readTextFileSync(new URL(`good/${name}`, FOLDER));
    assert(accepts(schema, parseYaml(text)));
  });
}

const REFUSED = ["04_no_version", "05_wrong_version", "08_empty_routes", "22_unknown_keys"]
  .concat([
    "70_message_policies",
    "23_durations",
    "28_modes",
    "35_listen_empty",
    "47_defaults",
    "50_server_kinds",
  ]);

for (const name of REFUSED) {
  Deno.test(`configJsonSchema refuses ${name}.yaml, whose values are wrong by themselves`, () => {
    const text = Deno.readTextFileSync(new URL(`broken/${name}.yaml`, FOLDER));
    assert(!accepts(schema, parseYaml(text)));
  });
}
