/**
 * What every relay engine must do: one suite, run for each of them.
 *
 * @module
 */
import { balancingTests } from "./suite/balancing_tests.ts";
import { bytesTests } from "./suite/bytes_tests.ts";
import { endsTests } from "./suite/ends_tests.ts";
import { faultsTests } from "./suite/faults_tests.ts";
import type { MakeEngine } from "./suite/fixture.ts";
import { helloTests } from "./suite/hello_tests.ts";
import { hopsTests } from "./suite/hops_tests.ts";
import { lifecycleTests } from "./suite/lifecycle_tests.ts";
import { serversTests } from "./suite/servers_tests.ts";

/** Registers every test, each under the engine's name. */
export function relaySuite(name: string, makeEngine: MakeEngine): void {
  bytesTests(name, makeEngine);
  helloTests(name, makeEngine);
  endsTests(name, makeEngine);
  serversTests(name, makeEngine);
  balancingTests(name, makeEngine);
  hopsTests(name, makeEngine);
  lifecycleTests(name, makeEngine);
  faultsTests(name, makeEngine);
}
