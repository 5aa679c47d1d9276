/**
 * Tries the files that a configuration names, in the way a start does: certificates, authorities,
 * pages, users. Does I/O; opens nothing else, and keeps nothing.
 *
 * @module
 */
import { errorText } from "../base/failures.ts";
import type { Config, RouteConfig } from "../config/config.ts";
import { pageFilesOf, readPage } from "../http/policy/page_files.ts";
import { allPolicies } from "../http/policy/read_policy_files.ts";
import { readUsers } from "../http/policy/users_file.ts";
import { readTlsFiles } from "../http/upstream/prepare_servers.ts";
import { readCertificateFiles } from "../tls/certificate_file.ts";
import { certificateSources } from "../tls/certificate_source.ts";

/** Finds what is wrong with the files. @returns A sentence for each problem, which names the file. */
export async function findFileProblems({ routes }: Config): Promise<string[]> {
  const problems = new Set<string>();
  for (const route of routes) {
    for (const read of readersOf(route)) {
      try {
        await read();
      } catch (error) {
        const errors = error instanceof AggregateError ? error.errors : [error];
        for (const each of errors) problems.add(errorText(each));
      }
    }
  }
  for (const source of certificateSources(routes)) {
    const result = source.kind === "file" ? await readCertificateFiles(source) : undefined;
    if (result?.kind === "problem") problems.add(result.problem);
  }
  return [...problems];
}

/** One for each file or two that belong together, so that no problem hides another one. */
function readersOf(route: RouteConfig): (() => Promise<unknown>)[] {
  const readers = allPolicies(route).flatMap((policies) => [
    ...pageFilesOf(policies).map((file) => () => readPage(file)),
    ...policies.basicAuth === undefined ? [] : [() => readUsers(policies.basicAuth!)],
  ]);
  return [() => readTlsFiles(route.upstreamTls), ...readers];
}
