import assert from "node:assert/strict";
import { CONFIG_DEPTH_MAX, CONFIG_MAX_BYTES, CONFIG_TOKENS_MAX } from "../../lib/base/limits.ts";
import { checkYamlSize } from "../../lib/config/check_yaml_size.ts";

/** Ways to nest; each text is as large as a configuration may be. */
const DEEP = ["[", "{", "- ", "? ", "[{a: ", "a: [", "- - [ "];

for (const piece of DEEP) {
  Deno.test(`checkYamlSize stops at the first levels of "${piece}" without end`, () => {
    const size = checkYamlSize(piece.repeat(CONFIG_MAX_BYTES / piece.length));
    assert(size.kind === "too_deep", size.kind);
    assert(size.offset < 1_000, String(size.offset));
  });
}

Deno.test("checkYamlSize stops at indentation that never ends", () => {
  const lines = Array.from({ length: 2_000 }, (_, level) => `${" ".repeat(level)}a:\n`);
  assert.equal(checkYamlSize(lines.join("")).kind, "too_deep");
});

for (const piece of ["[]", "{a: [{b: ]}", "- "]) {
  Deno.test(`checkYamlSize lets pass what is nested within the limit, of "${piece}"`, () => {
    const levels = CONFIG_DEPTH_MAX;
    const [open, close] = piece.includes("]") ? [piece.split("]")[0], "]"] : [piece, ""];
    const text = piece === "[]" ? "[".repeat(levels) + "]".repeat(levels) : open + close;
    assert.deepEqual(checkYamlSize(piece === "- " ? piece.repeat(levels) : text), { kind: "fits" });
  });
}

for (const [extra, kind] of [[0, "fits"], [1, "too_many_tokens"]] as const) {
  Deno.test(`checkYamlSize: ${CONFIG_TOKENS_MAX + extra} empty lines, a token each, ${kind}`, () => {
    assert.equal(checkYamlSize("\n".repeat(CONFIG_TOKENS_MAX + extra)).kind, kind);
  });
}
