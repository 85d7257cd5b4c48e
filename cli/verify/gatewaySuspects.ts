import { balancerFiles } from "../../configs/balancer";
import { claimBundle } from "../../product/bundles";
import { bundleFiles, configurationFiles } from "../../product/files";
import { roleThat } from "../../product/roles";
import type { CalledEnvironment } from "./environments";
import { type Suspect, Suspects } from "./suspects";

/** The roles that serve APIs, and that issue tokens. */
const server = roleThat(({ servesApis }) => servesApis);
const identity = roleThat(({ servesIdentity }) => servesIdentity);

/** Finds the parts of a deployment that calls of APIs and tokens of users need, besides the links between nodes. */
export class GatewaySuspects extends Suspects {
  /** What makes a JSON Web Token for back ends: its switch and its header on both sides, or the key that signs it. */
  jwt(environment: CalledEnvironment, part: "header" | "key"): Suspect[] {
    const issuers = this.nodes(identity);
    const source = {
      header: {
        nodes: [...issuers, ...this.nodes(server, environment)],
        file: configurationFiles.apiManager.path,
        element: "APIConsumerAuthentication",
        settings: ["jwt", "jwtHeader", "jwtSignature"],
      },
      key: {
        nodes: issuers,
        file: configurationFiles.carbon.path,
        element: "Security/KeyStore",
        settings: ["keystore"],
      },
    }[part];
    const { nodes, ...found } = source;
    return nodes.map(({ name }) => ({
      link: `${name} -> endpoint (JSON Web Token)`,
      node: name,
      ...found,
      why: "back ends learn who calls",
      also: [],
    }));
  }

  /** Whether the Key Managers issue tokens in this way. */
  grantType(type: "password" | "refresh_token"): Suspect[] {
    return this.nodes(identity).map(({ name }) => ({
      link: `${name} -> tokens (grant type ${type})`,
      node: name,
      file: configurationFiles.identity.path,
      element: `SupportedGrantTypes/${type}`,
      why: "clients get tokens of a user",
      settings: [],
      also: [`${configurationFiles.userManagement.path} (the user's password) of ${name}`],
    }));
  }

  /** Where the Key Managers get the claims of a user. */
  userClaims(): Suspect[] {
    return this.nodes(identity).map(({ name }) => ({
      link: `${name} -> user's claims (userinfo)`,
      node: name,
      file: configurationFiles.identity.path,
      element: "OpenIDConnect",
      why: "clients ask who the user of a token is",
      settings: [],
      also: [`${bundleFiles.dropins} (${claimBundle}) of ${name}`, `the log of ${name}`],
    }));
  }

  /** How the gateways of an environment pass calls on to the API's endpoint. */
  passThrough(environment: CalledEnvironment, what: `bodies of ${number} MB` | "slow back ends"): Suspect[] {
    const sources = {
      bodies: {
        file: configurationFiles.axis2.path,
        element: "transportReceiver, transportSender",
        why: "calls may have bodies of any size",
        timeout: "timeout client",
      },
      "slow back ends": {
        file: "repository/conf/passthru-http.properties",
        element: "http.socket.timeout",
        why: "back ends may take up to a minute",
        timeout: "timeout server",
      },
    };
    const { timeout, ...found } = sources[what === "slow back ends" ? what : "bodies"];
    return this.nodes(server, environment).map(({ name }) => ({
      link: `${name} -> endpoint (${what})`,
      node: name,
      ...found,
      settings: [],
      also: [`${balancerFiles.configuration} (${timeout}) of loadbalancer`],
    }));
  }
}
