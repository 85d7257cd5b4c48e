import { numberOrAuto, settingInfo } from "./describe";
import { memory } from "./names";

export const resources = {
  title: "Memory and time",
  settings: {
    nodeMemory: numberOrAuto(32, 1_048_576).default("auto").register(settingInfo, {
      description:
        "memory limit of each node's container in MiB; auto: 192 with the stand-in, 2048 with the product, which needs at least 1536",
    }),
    nodeHeap: numberOrAuto(256, 1_048_576).default("auto").register(settingInfo, {
      description:
        "largest heap (-Xmx) of each node's JVM in MiB, at most `nodeMemory` less 512; auto: two thirds of `nodeMemory`",
    }),
    databaseMemory: memory.min(300).default(512).register(settingInfo, {
      description: "memory limit of the MySQL container in MiB, and the number of connections that it accepts",
    }),
    balancerMemory: memory.min(64).default(128).register(settingInfo, {
      description:
        "memory limit of the load balancer's container in MiB; it serves five connections at once for each MiB beyond 48; with more than about 20 gateways, HAProxy itself takes 1 MiB more for each",
    }),
    startTimeout: numberOrAuto(10, 3600).default("auto").register(settingInfo, {
      description:
        "seconds that a container may take to become healthy; auto: 180 with the stand-in, 600 with the product",
    }),
  },
} as const;
