/**
 * How many descriptors this process holds. `/proc/self/fd` may be read with all permissions only, so
 * another program looks.
 *
 * @module
 */

/** How many of a kind. */
export interface DescriptorCount {
  readonly sockets: number;
  /** Both ends. */
  readonly pipes: number;
  readonly others: number;
}

/** Counts open descriptors; undefined where there is no /proc. */
export async function countDescriptors(): Promise<number | undefined> {
  const count = await countKinds();
  return count && count.sockets + count.pipes + count.others;
}

/** The same by kind. */
export async function countKinds(): Promise<DescriptorCount | undefined> {
  const listing = await list();
  if (listing === undefined) return undefined;
  const targets = listing.split("\n")
    .flatMap((line) => line.includes(" -> ") ? [line.split(" -> ")[1]] : []);
  const count = (kind: string) => targets.filter((target) => target.startsWith(kind)).length;
  const [sockets, pipes] = [count("socket:"), count("pipe:")];
  return { sockets, pipes, others: targets.length - sockets - pipes };
}

/**
 * Has another program look, once it has been started for good: until then this process holds pipes to
 * it, some or more of them. The two that are left count each time.
 */
async function list(): Promise<string | undefined> {
  const child = new Deno.Command("sh", {
    args: ["-c", `read -r _ && exec ls -l /proc/${Deno.pid}/fd`],
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const go = child.stdin.getWriter();
  await go.write(new TextEncoder().encode("\n"));
  const listing = await new Response(child.stdout).text();
  const { code } = await child.status;
  await go.close().catch(() => {}); // Nobody is left to read.
  // 1 says that a descriptor was closed while it looked.
  return code > 1 ? undefined : listing;
}
