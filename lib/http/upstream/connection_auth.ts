/**
 * Schemes that authenticate a connection and not a request: whoever comes next over the same
 * connection is taken for the user of before. Such a connection is never shared. Pure. Input comes
 * from strangers.
 *
 * @module
 */
import { isFieldName } from "../http1/grammar.ts";
import type { HeaderLine } from "../message.ts";

/** RFC 4559 §6 warns of proxies that share; NTLM (MS-NTHT §2.2.1) cannot do without a connection. */
const CONNECTION_SCHEME = /^(?:ntlm|negotiate|nego2|kerberos)(?:\s|$)/i;

/** Says whether a request may have made its connection one user's own. */
export function mayAuthenticateConnection(headers: readonly HeaderLine[]): boolean {
  for (const [name, value] of headers) {
    if (isFieldName(name, "authorization") && CONNECTION_SCHEME.test(value)) return true;
  }
  return false;
}
