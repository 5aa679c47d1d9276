/**
 * The JSON Schema of `routes.yaml`, so that editors complete, explain and check while one types. It
 * comes from the definition that checks the file; checks between values are not in it. Pure.
 *
 * @module
 */
import { z } from "zod";
import { FileSchema } from "./schema.ts";

/** Returns the schema as JSON (JSON Schema draft 2020-12). */
export function configJsonSchema(): Record<string, unknown> {
  const schema = FileSchema.meta({
    title: "Postern routes.yaml",
    description: "What Postern does with each host name on ports 443 and 80.",
  });
  return z.toJSONSchema(schema, { target: "draft-2020-12", io: "input" });
}
