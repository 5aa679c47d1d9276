import assert from "node:assert/strict";
import { ExtensionTypeSet } from "../../lib/tls/extension_type_set.ts";

const ALL = Array.from({ length: 65_536 }, (_, type) => type);

Deno.test("ExtensionTypeSet takes each of the 65,536 types once", () => {
  const set = new ExtensionTypeSet();
  // Whichever two types shared a bit, the second of them would be found here.
  assert.deepEqual(ALL.filter((type) => !set.add(type)), []);
  assert.deepEqual(ALL.filter((type) => set.add(type)), []);
});

Deno.test("ExtensionTypeSet takes each type once in the other order as well", () => {
  const set = new ExtensionTypeSet();
  const reversed = ALL.toReversed();
  assert.deepEqual(reversed.filter((type) => !set.add(type)), []);
  assert.deepEqual(reversed.filter((type) => set.add(type)), []);
});

const GREASE = Array.from({ length: 16 }, (_, high) => 0x0a0a + high * 0x1010);

for (
  const [what, types] of [
    ["assigned", [0, 1, 31, 32, 43, 51, 63]],
    ["GREASE", GREASE],
    ["nearly GREASE", [0x0a1a, 0x1a0a, 0xfa0a, 0x0afa]],
    ["high but common", [0xff01, 0xfe0d, 17_513, 17_613]],
    ["unknown", [64, 95, 96, 13_172, 0xff00, 0xffff]],
  ] as const
) {
  Deno.test(`ExtensionTypeSet finds a repeated type that is ${what}`, () => {
    for (const type of types) {
      const set = new ExtensionTypeSet();
      for (const other of types) if (other !== type) assert.ok(set.add(other), `${other}`);
      assert.deepEqual([set.add(type), set.add(type)], [true, false], `${type}`);
    }
  });
}
