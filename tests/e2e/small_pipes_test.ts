import { ok, strictEqual } from "node:assert/strict";
import { Buffer } from "node:buffer";
import { formatAddress } from "../../lib/base/addresses.ts";
import { SPLICE_PIPE_BYTES } from "../../lib/base/limits.ts";
import { NONBLOCK_CLOEXEC, PIPE_SIZE } from "../../lib/linux/constants.ts";
import { type Libc, openLibc } from "../../lib/linux/libc.ts";
import { buildClientHello } from "../support/client_hello_builder.ts";
import { withDeadline } from "../support/deadline.ts";
import { startEchoUpstream } from "../support/echo_upstream.ts";
import { findInstalled } from "../support/installed.ts";
import type { Postern } from "../support/postern.ts";
import { Random } from "../support/random.ts";
import { openTcp } from "../support/raw_client.ts";
import { passTo, startWithRoutes } from "../support/routes.ts";

const SEED = 20_261_121;
const NAME = "a.example";
const CONNECTIONS = 50;
const STREAM_BYTES = 2 * 1_048_576;

/** A user's pipes may have 64 MiB as a rule (pipe-user-pages-soft, pipe(7)); this is more. */
const HOARDED_PIPES = 80;

/** Prints the capacity of each pipe that a process has, one a line. */
const PIPE_SIZES = `
import fcntl, os, sys
folder = '/proc/%s/fd/' % sys.argv[1]
for name in os.listdir(folder):
    try:
        if not os.readlink(folder + name).startswith('pipe:'): continue
        descriptor = os.open(folder + name, os.O_RDONLY | os.O_NONBLOCK)
    except OSError:
        continue
    print(fcntl.fcntl(descriptor, ${PIPE_SIZE.get}))
    os.close(descriptor)
`;

/** All the memory for pipes that a user without privileges may have, until it is disposed of. */
class Hoard implements Disposable {
  readonly #libc: Libc;
  readonly #ends: number[] = [];

  constructor(libc: Libc) {
    this.#libc = libc;
    const ends = new Int32Array(2);
    for (let count = 0; count < HOARDED_PIPES; count++) {
      if (libc.pipe2(new Uint8Array(ends.buffer), NONBLOCK_CLOEXEC) < 0) break;
      this.#ends.push(...ends);
      // Root may go on; who may not has reached the limit.
      libc.fcntl(ends[0], PIPE_SIZE.set, SPLICE_PIPE_BYTES);
    }
  }

  [Symbol.dispose](): void {
    this.#ends.splice(0).forEach((end) => this.#libc.close(end));
  }
}

async function pipeSizes({ process: { pid } }: Postern): Promise<number[]> {
  const { stdout, stderr, success } = await new Deno.Command("python3", {
    args: ["-c", PIPE_SIZES, String(pid)],
  }).output();
  ok(success, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout).trim().split("\n").map(Number);
}

/** Sends a stream and checks its echo. */
async function echo(postern: Postern, stream: Uint8Array): Promise<void> {
  using client = await openTcp(postern.https[0]);
  const writing = client.write(stream).then(() => client.end());
  const buffer = Buffer.alloc(65_536);
  let at = 0;
  for (let count = await client.connection.read(buffer); count !== null;) {
    const isSame = buffer.subarray(0, count).equals(stream.subarray(at, at + count));
    ok(isSame, `changed between byte ${at} and ${at + count}`);
    at += count;
    count = await client.connection.read(buffer);
  }
  await writing;
  strictEqual(at, stream.length);
}

async function echoAtOnce(postern: Postern, random: Random): Promise<void> {
  const hello = buildClientHello({ serverName: NAME });
  const noise = random.bytes(STREAM_BYTES + CONNECTIONS);
  const echoes = Array.from({ length: CONNECTIONS }, (_, index) => {
    const stream = new Uint8Array(hello.length + STREAM_BYTES);
    stream.set(hello);
    stream.set(noise.subarray(index, index + STREAM_BYTES), hello.length);
    return echo(postern, stream);
  });
  await withDeadline(Promise.all(echoes), 30_000, () => "every echo");
}

const libc = openLibc();
const missing = ["python3", "setpriv"].filter((program) => findInstalled(program) === undefined);
const whyNot = typeof libc === "string"
  ? libc
  : missing.length > 0
  ? `${missing.join(", ")} not installed`
  : undefined;

Deno.test({
  name: `small_pipes: ${CONNECTIONS} streams arrive though the user may have no large pipe${
    whyNot === undefined ? "" : ` (skipped: ${whyNot})`
  }, seed ${SEED}`,
  ignore: whyNot !== undefined,
  fn: async () => {
    const random = new Random(SEED);
    await using upstream = startEchoUpstream();
    // Without these, root is a user like any other (pipe(7)).
    const caps = "-sys_resource,-sys_admin";
    const startedBy = Deno.uid() === 0
      ? ["setpriv", `--bounding-set=${caps}`, `--inh-caps=${caps}`]
      : [];
    await using postern = await startWithRoutes([passTo(NAME, formatAddress(upstream.address))], {
      top: { relay: { engine: "splice", workers: 1 } },
      startedBy,
    });
    const before = await pipeSizes(postern);
    using hoard = new Hoard(libc as Libc);
    await echoAtOnce(postern, random);
    const small = await pipeSizes(postern);
    ok(small.length > before.length, "no bytes went through a pipe");
    strictEqual(small.includes(SPLICE_PIPE_BYTES), false, `${small}`);
    hoard[Symbol.dispose]();
    await echoAtOnce(postern, random);
    const large = await pipeSizes(postern);
    ok(large.includes(SPLICE_PIPE_BYTES), `${large}: none has grown`);
    strictEqual(await postern.stop(), 0);
  },
});
