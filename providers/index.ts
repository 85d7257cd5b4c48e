/** Which packages this engine serves; another one is one more line. */

import type { Properties, Provider } from "../engine/provider";
import { dockerProvider } from "./docker";
import { mysqlProvider } from "./mysql";
import { randomProvider } from "./random";

const PROVIDERS: ReadonlyMap<string, (config: Properties) => Provider> = new Map([
  ["docker", dockerProvider],
  ["mysql", mysqlProvider],
  ["random", randomProvider],
]);

/**
 * The provider for a package, with the configuration of its provider resource (`host`; `endpoint`, `username`, ...).
 * @throws when this engine does not serve `pkg`, naming it and the way out.
 */
export function providerFor(pkg: string, config: Properties): Provider {
  const make = PROVIDERS.get(pkg);
  if (make) return make(config);
  throw new Error(
    `package ${pkg}: the local engine serves only ${[...PROVIDERS.keys()].join(", ")}; use the Pulumi CLI for this program (set APIM_ENGINE=pulumi)`,
  );
}
