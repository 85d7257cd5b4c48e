/** The packages that this engine supports. */

import type { Properties, Provider, ProviderFactory, ProviderHost } from "../provider";
import { dockerProvider } from "./docker";
import { dynamicProvider } from "./dynamic";
import { mysqlProvider } from "./mysql";
import { randomProvider } from "./random";

const PROVIDERS: ReadonlyMap<string, (config: Properties, host: ProviderHost) => Provider> = new Map([
  ["docker", dockerProvider],
  ["mysql", mysqlProvider],
  ["random", randomProvider],
  ["pulumi-nodejs", dynamicProvider],
]);

export const providersFor =
  (host: ProviderHost): ProviderFactory =>
  (pkg, config) => {
    const make = PROVIDERS.get(pkg);
    if (make) return make(config, host);
    throw new Error(
      `package ${pkg}: the embedded engine supports only ${[...PROVIDERS.keys()].join(", ")}; use the Pulumi CLI for this program (set APIM_ENGINE=pulumi)`,
    );
  };
