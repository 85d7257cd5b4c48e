import type { Properties, Provider } from "../provider";
import { dockerProvider } from "./docker";
import { mysqlProvider } from "./mysql";
import { randomProvider } from "./random";

const providers: Readonly<Record<string, (config: Properties) => Provider>> = {
  docker: dockerProvider,
  mysql: mysqlProvider,
  random: randomProvider,
};

/**
 * The provider for a package, with the configuration of its provider resource (`host`; `endpoint`, `username`, ...).
 * @throws when this engine does not serve `pkg`, naming it and the way out.
 */
export function providerFor(pkg: string, config: Properties): Provider {
  const make = Object.hasOwn(providers, pkg) ? providers[pkg] : undefined;
  if (!make) {
    const known = Object.keys(providers).join(", ");
    throw new Error(
      `package ${pkg}: the local engine serves only ${known}; use the Pulumi CLI for this program (set APIM_ENGINE=pulumi)`,
    );
  }
  return make(config);
}
