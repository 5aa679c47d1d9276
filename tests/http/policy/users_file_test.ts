import assert from "node:assert/strict";
import { formatPasswordHash } from "../../../lib/base/password_hash.ts";
import { USERS_FILE_MAX_BYTES, USERS_FILE_PROBLEMS_MAX } from "../../../lib/base/limits.ts";
import { parseUsers, readUsers } from "../../../lib/http/policy/users_file.ts";
import { cheapHash } from "./password_hashes.ts";

const HASH = formatPasswordHash(await cheapHash("x"));

const GOOD: readonly [text: string, names: readonly string[]][] = [
  ["", []],
  [`alice:${HASH}`, ["alice"]],
  [`# staff\n\nalice:${HASH}\r\n  \nbob b:  ${HASH} \n`, ["alice", "bob b"]],
];

for (const [text, names] of GOOD) {
  Deno.test(`parseUsers: reads ${names.length} users`, () => {
    const parsed = parseUsers(text);
    assert(parsed.kind === "users");
    assert.deepEqual([...parsed.users.keys()], names);
  });
}

const BAD: readonly [text: string, line: number, problem: RegExp][] = [
  ["alice", 1, /expected "name:hash"/],
  [`:${HASH}`, 1, /expected "name:hash"/],
  [`a:${HASH}\n\nb:hunter2`, 3, /^it is not a hash, expected what "postern hash-password" prints$/],
  ["a:$apr1$lZL6V/ci$eIMz/iKDkbtys/uU7LEK00", 1, /another kind/],
  [`a:${HASH}\na:${HASH}`, 2, /already given$/],
  [`a:${HASH}\ncarol:${HASH}`, 2, /already given in "users"$/],
];

for (const [text, line, problem] of BAD) {
  Deno.test(`parseUsers: refuses line ${line} of ${JSON.stringify(text.slice(0, 20))}`, async () => {
    const parsed = parseUsers(text, new Map([["carol", await cheapHash("y")]]));
    assert(parsed.kind === "problems");
    assert.equal(parsed.problems.length, 1);
    assert.equal(parsed.problems[0].line, line);
    assert.match(parsed.problems[0].problem, problem);
    assert.doesNotMatch(parsed.problems[0].problem, /hunter2/);
  });
}

Deno.test("parseUsers: tells every line that is wrong", () => {
  const parsed = parseUsers(`aa\na:${HASH}\n# c\nb:hunter2\na:${HASH}\nb:${HASH}\n:${HASH}`);
  assert(parsed.kind === "problems");
  assert.deepEqual(parsed.problems.map(({ line }) => line), [1, 4, 5, 6, 7]);
});

const config = (usersFile: string | undefined, users = new Map()) => ({
  realm: "x",
  users,
  usersFile,
  passes: false,
});

/** Runs with a file that holds a text. */
async function withFile(text: string, run: (path: string) => Promise<void>): Promise<void> {
  const path = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(path, text);
    await run(path);
  } finally {
    await Deno.remove(path);
  }
}

Deno.test("readUsers: the configuration's users and those of its file, of whom none is in both", async () => {
  const own = await cheapHash("own");
  await withFile(`bob:${HASH}\n`, async (path) => {
    const users = await readUsers(config(path, new Map([["alice", own]])));
    assert.deepEqual([...users.keys()].sort(), ["alice", "bob"]);
    assert.equal(users.get("alice"), own);
    await assert.rejects(
      readUsers(config(path, new Map([["bob", own]]))),
      /line 1: .* in "users"$/,
    );
  });
  assert.equal((await readUsers(config(undefined, new Map([["alice", own]])))).size, 1);
});

Deno.test("readUsers: a file that cannot be used is an error that names it", async () => {
  await withFile("# nobody\n", async (path) => {
    await assert.rejects(readUsers(config(path)), (error: Error) => {
      return error.message === `Cannot use users_file "${path}": it has no user`;
    });
  });
  await withFile("hunter2", async (path) => {
    await assert.rejects(readUsers(config(path)), /: line 1: expected "name:hash"$/);
  });
  const many = USERS_FILE_PROBLEMS_MAX + 2;
  await withFile("hunter2\n".repeat(many), async (path) => {
    await assert.rejects(readUsers(config(path)), (error: AggregateError) => {
      const messages = error.errors.map(({ message }) => message);
      assert.equal(messages[1], `Cannot use users_file "${path}": line 2: expected "name:hash"`);
      assert.equal(
        messages.at(-1),
        `Cannot use users_file "${path}": more lines that cannot be used: 2`,
      );
      assert.equal(messages.length, USERS_FILE_PROBLEMS_MAX + 1);
      return /: line 1: [^;]+; line 2: .*; more lines that cannot be used: 2$/.test(error.message);
    });
  });
  await withFile("#".repeat(USERS_FILE_MAX_BYTES + 1), async (path) => {
    await assert.rejects(readUsers(config(path)), /larger than/);
  });
  await assert.rejects(
    readUsers(config("/nowhere/users")),
    /^Error: Cannot read users_file "\/nowhere/,
  );
});
