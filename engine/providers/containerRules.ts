/** Rules for containers that a type cannot say. */

import { duration } from "../duration";
import { isEmpty } from "../values";
import type { Inputs } from "./containerState";

type Rule = readonly [fine: boolean, property: string, why: string];

export function checkContainer(inputs: Inputs): (readonly [property: string, why: string])[] {
  const { restart, uploads = [], mounts = [], envs = [], healthcheck, networksAdvanced, networkMode = "" } = inputs;
  const among = (value: string | undefined, known: readonly string[]) => value === undefined || known.includes(value);
  const least = (property: "memory" | "memorySwap" | "cpuShares" | "shmSize" | "stopTimeout", minimum = 0): Rule => {
    const value = inputs[property];
    return [!(Number(value) < minimum), property, `expected a number from ${minimum}, found ${value}`];
  };
  const rules: Rule[] = [
    [
      among(restart, ["no", "on-failure", "always", "unless-stopped"]),
      "restart",
      `expected no, on-failure, always or unless-stopped, found ${restart}`,
    ],
    ...uploads.flatMap((upload, index) => uploadRules(upload, `uploads[${index}]`)),
    ...mounts.map(({ type }, index): Rule => {
      const known = ["bind", "volume", "tmpfs"];
      return [among(type, known), `mounts[${index}].type`, `expected bind, volume or tmpfs, found ${type}`];
    }),
    // The entry itself may be a secret: it is not shown.
    ...envs.map((env, index): Rule => {
      return [/^[^=]/.test(env), `envs[${index}]`, "expected NAME=value, found an entry without a name"];
    }),
    ...(["interval", "timeout", "startPeriod", "startInterval"] as const).map((key): Rule => {
      const value = healthcheck?.[key];
      const fine = value === undefined || duration(value) !== undefined;
      return [fine, `healthcheck.${key}`, `expected e.g. 1s, 500ms or 1m30s, found ${value}`];
    }),
    [
      inputs.wait !== true || inputs.start !== false,
      "wait",
      "expected start: true with wait: true; a container that is not started never gets healthy",
    ],
    ...(["memory", "cpuShares", "shmSize", "stopTimeout"] as const).map((key) => least(key)),
    least("memorySwap", -1),
    [
      isEmpty(networksAdvanced) || !["host", "none"].includes(networkMode),
      "networksAdvanced",
      `expected networkMode bridge with it, found ${networkMode}`,
    ],
  ];
  return rules.filter(([fine]) => !fine).map(([, property, why]) => [property, why]);
}

type Upload = NonNullable<Inputs["uploads"]>[number];

function uploadRules(upload: Upload, path: string): Rule[] {
  const { file, permissions } = upload;
  const given = (["content", "contentBase64", "source"] as const).filter((key) => upload[key] !== undefined);
  const found = given.length === 0 ? "none" : given.join(" and ");
  return [
    [given.length === 1, path, `${file}: expected one of content, contentBase64, source; found ${found}`],
    [
      permissions === undefined || /^0[0-7]{3}$/.test(permissions),
      `${path}.permissions`,
      `expected e.g. 0644, found ${permissions}`,
    ],
    [file.startsWith("/"), `${path}.file`, `expected an absolute path, found ${file}`],
  ];
}
