/**
 * Network namespaces of Linux: machines with interfaces and routes of their own, for tests of routing.
 * Whoever opens one disposes of it. Does I/O; takes root and `ip`.
 *
 * @module
 */

/** Counts within this process; its id keeps apart what runs at the same time. */
let opened = 0;

/** How a command ended, with what it printed. */
export interface CommandOutcome {
  readonly success: boolean;
  readonly out: string;
  readonly err: string;
}

/** One namespace, with its loopback interface up. */
export class NetworkNamespace implements AsyncDisposable {
  readonly name: string;

  private constructor(name: string) {
    this.name = name;
  }

  /** Creates a namespace. @throws {Error} If that is not allowed. */
  static async open(): Promise<NetworkNamespace> {
    const namespace = new NetworkNamespace(`postern-${Deno.pid}-${++opened}`);
    await mustRun(["ip", "netns", "add", namespace.name]);
    await namespace.ip("link set lo up");
    return namespace;
  }

  /** Says why namespaces cannot be had here, with all that tests do in them; undefined if they can. */
  static async whyNot(): Promise<string | undefined> {
    if (Deno.build.os !== "linux") return "not Linux";
    if (Deno.uid() !== 0) return "not root";
    try {
      await using one = await NetworkNamespace.open();
      await using other = await NetworkNamespace.open();
      await NetworkNamespace.connect("probe", one, other);
      await one.ip("-6 address add 2001:db8::1/64 dev probe nodad");
      // A container may be root and see its settings read-only.
      const setting = "/proc/sys/net/ipv4/conf/all/rp_filter";
      await mustRun(one.inside(["sh", "-c", `echo 1 > ${setting}`]));
      return undefined;
    } catch (error) {
      return error instanceof Deno.errors.NotFound
        ? "iproute2 not installed"
        : "no network namespaces";
    }
  }

  /**
   * Connects two namespaces by a pair of interfaces, both named as given and up.
   *
   * @param device At most 11 characters.
   */
  static async connect(
    device: string,
    one: NetworkNamespace,
    other: NetworkNamespace,
  ): Promise<void> {
    const ends = [one, other].map((end) => ({ name: end.name, device, end }));
    await one.ip(`link add ${device} type veth peer name ${device} netns ${ends[1].name}`);
    for (const { end } of ends) await end.ip(`link set ${device} up`);
  }

  /** Runs `ip` with words that hold no spaces. @throws {Error} If it fails. */
  async ip(words: string): Promise<string> {
    return (await mustRun(["ip", "-n", this.name, ...words.split(" ")])).out;
  }

  /** The words that make a command run inside. */
  inside(argv: readonly string[]): string[] {
    return ["ip", "netns", "exec", this.name, ...argv];
  }

  /** Runs a command inside, to its end. */
  async run(argv: readonly string[]): Promise<CommandOutcome> {
    return await runToEnd(this.inside(argv));
  }

  /** Removes the namespace; what still runs in it keeps it until its end. */
  async [Symbol.asyncDispose](): Promise<void> {
    await mustRun(["ip", "netns", "del", this.name]);
  }
}

async function mustRun(argv: readonly string[]): Promise<CommandOutcome> {
  const outcome = await runToEnd(argv);
  if (!outcome.success) throw new Error(`${argv.join(" ")}: ${outcome.err.trim()}`);
  return outcome;
}

async function runToEnd([program, ...args]: readonly string[]): Promise<CommandOutcome> {
  const { success, stdout, stderr } = await new Deno.Command(program, {
    args,
    signal: AbortSignal.timeout(20_000),
  }).output();
  const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  return { success, out, err };
}
