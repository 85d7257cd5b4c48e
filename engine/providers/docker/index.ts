/**
 * The docker provider. Connects to `host` of its configuration, else DOCKER_HOST, else the default socket. Relative paths
 * start from the program's directory, whichever directory the engine runs in.
 */

import Docker from "dockerode";
import type { Properties, Provider, ProviderHost } from "../../provider";
import { providerOf } from "../kind";
import { containerKind } from "./container";
import { imageFunctions, imageKind } from "./image";
import { networkFunctions, networkKind } from "./network";
import { RegistryAuth } from "./registryAuth";
import { registryImageFunctions, registryImageKind } from "./registryImage";
import { secretKind } from "./secret";
import { serviceKind } from "./service";
import { serviceConfigKind } from "./serviceConfig";
import { SwarmSecrets } from "./swarmSecrets";
import { volumeKind } from "./volume";

export function dockerProvider({ host, registryAuth }: Properties, { dir }: ProviderHost): Provider {
  const docker = connect(String(host ?? ""));
  const auth = new RegistryAuth(registryAuth);
  const secrets = new SwarmSecrets();
  const kinds = [
    imageKind(docker, dir, auth),
    networkKind(docker),
    volumeKind(docker),
    containerKind(docker, dir),
    registryImageKind(docker, auth),
    secretKind(docker, secrets),
    serviceConfigKind(docker),
    serviceKind(docker, auth, secrets),
  ];
  const functions = { ...imageFunctions(docker), ...networkFunctions(docker), ...registryImageFunctions(docker, auth) };
  return providerOf(kinds, { functions });
}

function connect(host: string): Docker {
  if (host === "") return new Docker();
  if (host.startsWith("unix://")) return new Docker({ socketPath: host.slice("unix://".length) });
  const url = URL.canParse(host) ? new URL(host) : undefined;
  if (url?.protocol === "tcp:" && url.hostname !== "")
    return new Docker({ host: url.hostname, port: url.port || "2375", protocol: "http" });
  throw new Error(
    `docker provider: host: expected unix:///path or tcp://host:port, found ${host}; for TLS or ssh set DOCKER_HOST instead`,
  );
}
