import assert from "node:assert/strict";
import { createLog, formatLogFields, LOG_LEVELS, silentLog } from "../../lib/base/log.ts";

function capture(level?: typeof LOG_LEVELS[number]) {
  const lines: string[] = [];
  const log = createLog({
    level,
    write: (line) => lines.push(line),
    now: () => Date.UTC(2026, 10, 21, 12, 0, 3, 120),
  });
  return { lines, log };
}

Deno.test("createLog: moment, level, module, sentence, fields", () => {
  const { lines, log } = capture();
  log.child("relay").warn("Cannot reach server", {
    server: "10.0.0.1:443",
    error: "refused, twice",
  });
  log.info("Ready");
  assert.deepEqual(lines, [
    '2026-11-21T12:00:03.120Z warn  relay: Cannot reach server server=10.0.0.1:443 error="refused, twice"',
    "2026-11-21T12:00:03.120Z info  Ready",
  ]);
});

Deno.test("createLog: drops events below its level, info by default", () => {
  for (const [index, level] of LOG_LEVELS.entries()) {
    const { lines, log } = capture(level);
    for (const each of LOG_LEVELS) log[each]("event");
    assert.equal(lines.length, LOG_LEVELS.length - index, level);
  }
  const { lines, log } = capture();
  for (const each of LOG_LEVELS) log.child("x")[each]("event");
  assert.equal(lines.length, 3);
});

Deno.test("formatLogFields: leaves out undefined, quotes what could be mistaken", () => {
  const cases: [Record<string, string | number | boolean | undefined>, string][] = [
    [{}, ""],
    [{ a: undefined }, ""],
    [{ a: 1, b: true, c: -0.5 }, " a=1 b=true c=-0.5"],
    [
      { a: "app.example.org", b: "[::1]:443", c: "*.x_y" },
      " a=app.example.org b=[::1]:443 c=*.x_y",
    ],
    [{ a: "" }, ' a=""'],
    [{ a: "x y" }, ' a="x y"'],
    [{ a: "x=1" }, ' a="x=1"'],
    [{ a: 'x"y' }, ' a="x\\"y"'],
    [{ a: "bücher" }, ' a="bücher"'],
  ];
  for (const [fields, text] of cases) assert.equal(formatLogFields(fields), text);
});

Deno.test("formatLogFields: nobody can forge a line, clear the screen or turn the text around", () => {
  const hostile = [
    "a\n2026-11-21T12:00:03.120Z error forged",
    "a\r\nb",
    "\x1b[2J",
    "\x9b2J",
    "a\u2028b\u2029c",
    "a\u202eb\u200bc\u2066d\ufeffe",
    "\x7f\x85\0",
    "\ud800",
  ];
  for (const value of hostile) {
    const text = formatLogFields({ value });
    // deno-lint-ignore no-control-regex
    assert.doesNotMatch(text, /[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/);
    assert.equal(JSON.parse(text.slice(" value=".length)), value);
  }
});

Deno.test("formatLogFields: cuts long values", () => {
  const text = formatLogFields({ name: "a".repeat(65_536) });
  assert.ok(text.length < 300, `${text.length} characters`);
  assert.match(text, /a…"$/);
});

Deno.test("silentLog: takes everything and says nothing", () => {
  silentLog.child("x").error("lost", { a: 1 });
});
