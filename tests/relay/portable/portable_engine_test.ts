import { PortableEngine } from "../../../lib/relay/portable/portable_engine.ts";
import { relaySuite } from "../relay_suite.ts";

relaySuite("portable", (plan, environment) => new PortableEngine(plan, environment));
