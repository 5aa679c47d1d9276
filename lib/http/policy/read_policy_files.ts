/**
 * Reads every file that policies name, before a configuration takes effect: what is missing is found
 * at a start or a reload, and not when it is needed. Does I/O.
 *
 * @module
 */
import type { BasicAuthConfig, PoliciesConfig, RouteConfig } from "../../config/config.ts";
import type { PolicyFiles } from "../policy_chain.ts";
import type { Users } from "./basic_auth.ts";
import { readPages } from "./page_files.ts";
import { readUsers } from "./users_file.ts";

/**
 * Reads the pages and users of routes and their paths.
 *
 * @throws {Error} If a file cannot be used; the message names it.
 */
export async function readPolicyFiles(routes: readonly RouteConfig[]): Promise<PolicyFiles> {
  const all = routes.flatMap(allPolicies);
  const users = new Map<BasicAuthConfig, Users>();
  for (const { basicAuth } of all) {
    if (basicAuth !== undefined && !users.has(basicAuth)) {
      users.set(basicAuth, await readUsers(basicAuth));
    }
  }
  return { pages: await readPages(all), users };
}

/** Lists the policies of a route and of each of its paths. */
export function allPolicies({ policies, paths }: RouteConfig): PoliciesConfig[] {
  return [policies, ...paths.map((path) => path.policies)];
}
