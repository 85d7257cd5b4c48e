import { z } from "zod";
import { auto, settingInfo, text, textOrNothing } from "./describe";
import { shortText } from "./names";
import { maxReplicas } from "./nodes";

const constraintsInWords = "constraints of Docker Swarm such as node.labels.apim.mysql == true, separated by commas";
const constraint = /(node|engine)\.[\w.-]+ *(==|!=) *[\w.-]+/;
const isConstraints = (value: string) => new RegExp(`^(${constraint.source}(, *${constraint.source})*)?$`).test(value);
const constraints = textOrNothing(isConstraints, constraintsInWords);

const placement = (byDefault: string, description: string) =>
  constraints.default(byDefault).register(settingInfo, { description: `with \`platform\` swarm: ${description}` });

export const swarm = {
  title: "Several machines (Docker Swarm)",
  settings: {
    platform: z
      .enum(["docker", "swarm"])
      .default("docker")
      .register(settingInfo, {
        description: "docker: containers on one Docker engine; swarm: services on the machines of a Docker Swarm",
        changes: { axis2: "addresses of the cluster members: host names on a swarm" },
      }),
    imageRegistry: textOrNothing(
      /^(http:\/\/)?[a-z0-9.-]+(:\d{1,5})?(\/[a-z0-9._-]+)*$/,
      "host:port, optionally with a path, such as registry.example.com:5000/apim, and with http:// before it for a registry without TLS",
    )
      .default("")
      .register(settingInfo, {
        description:
          "with `platform` swarm: the registry to which the images are pushed, and from which all machines pull them; one without TLS has `http://` before its name",
      }),
    imageRegistryUser: shortText(0, 128).default("").register(settingInfo, {
      description: "user of `imageRegistry`, with the secret `imageRegistryPassword`; without it, the registry is open",
    }),
    databasePlacement: placement(
      "node.labels.apim.mysql == true",
      "the machine of the deployment's own MySQL, whose volume stays there",
    ),
    balancerPlacement: placement("node.labels.apim.loadbalancer == true", "the machines of the load balancers"),
    gatewayPlacement: text((value) => value === auto || isConstraints(value), `${auto}, or ${constraintsInWords}`)
      .default(auto)
      .register(settingInfo, {
        description:
          "with `platform` swarm: the machines of the gateways; auto: with `sharedDirectory` or `deploymentSynchronizer` svn any machine, else `node.labels.apim.gateway == true`, which must be one machine, since its volume has the deployed APIs",
      }),
    nodeSpread: textOrNothing(
      /^node\.[\w.-]+ *== *[\w.-]+(, *[\w.-]+)+$/,
      "what distinguishes the machines and at least two values, such as node.labels.zone == a, b",
    )
      .default("")
      .register(settingInfo, {
        description:
          "with `platform` swarm: keeps the nodes of a role apart; where a role has several, the first one runs on the machines with the first value, the second one on those with the second, and so on in turn. Without it, Swarm runs each on the machine with the fewest tasks",
      }),
    nodePlacement: placement("", "the machines of all other nodes; without constraints, any machine"),
    balancerReplicas: z.int().min(1).max(maxReplicas).default(1).register(settingInfo, {
      description: "with `platform` swarm: number of load balancers, at most one on each machine",
    }),
    sharedDirectory: textOrNothing(/^\/[^\s:]*[^/\s:]$/, "an absolute path without a slash at its end")
      .default("")
      .register(settingInfo, {
        description:
          "with `platform` swarm: a directory that all machines mount (NFS, CephFS, GlusterFS), in which gateways on several machines share the deployed APIs",
      }),
  },
} as const;
