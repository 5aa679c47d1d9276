/**
 * `postern schema`.
 *
 * @module
 */
import { configJsonSchema } from "../config/json_schema.ts";
import type { Verb } from "./command_line.ts";

/** Prints the JSON Schema of `routes.yaml`. */
export const schema: Verb = (_options, terminal) => {
  terminal.out(JSON.stringify(configJsonSchema(), null, 2));
  return 0;
};
