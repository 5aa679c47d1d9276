/**
 * Where passwords may stand in a configuration, in its mistakes above all: whatever is given as a user's
 * hash may be the password itself. Problems are logged, and show lines of the file. Pure.
 *
 * @module
 */
import type { Span } from "./source_text.ts";
import type { Tree } from "./yaml_tree.ts";

/** What stands under these keys, wherever they stand: one that is indented wrongly is a mistake, too. */
const SECRET_KEYS: ReadonlySet<string | number> = new Set(["basic_auth", "users"]);

/** Keys whose values are for everybody to see. */
const PUBLIC_KEYS: ReadonlySet<string | number> = new Set(["realm", "users_file", "pass"]);

/** Lists the places of values that are not to be shown. */
export function secretSpans(tree: Tree): Span[] {
  const spans: Span[] = [];
  collect(tree, false, spans);
  return spans;
}

function collect({ children, span, value }: Tree, isSecret: boolean, spans: Span[]): void {
  if (isSecret && isSecretValue(value)) spans.push(span);
  for (const [key, child] of children) {
    collect(child, !PUBLIC_KEYS.has(key) && (isSecret || SECRET_KEYS.has(key)), spans);
  }
}

/** Words that switch something on or off are nobody's password; whose they are, it is no secret. */
function isSecretValue(value: unknown): boolean {
  if (typeof value === "number") return true;
  return typeof value === "string" && !/^(?:on|off|yes|no|true|false)$/i.test(value);
}
