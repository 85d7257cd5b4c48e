/** The random provider on node:crypto and bcryptjs: RandomId, RandomPassword, RandomString. Every change of an input replaces. */

import { randomBytes, randomInt } from "node:crypto";
import type { Unwrap } from "@pulumi/pulumi";
import type { RandomIdArgs, RandomPasswordArgs } from "@pulumi/random";
import bcrypt from "bcryptjs";
import type { Properties, Provider } from "../engine/provider";
import { type Kind, providerOf } from "./kind";
import { bool, type Fields, map, num, plain, str } from "./schema";

type IdInputs = Unwrap<RandomIdArgs>;
type StringInputs = Unwrap<RandomPasswordArgs>;

export function randomProvider(): Provider {
  const provider = providerOf([randomId, randomString("Password"), randomString("String")]);
  return {
    ...provider,
    // As the official one: without details, a preview shows all that will be made anew as not known yet.
    diff: async (existing, news) => ({ ...(await provider.diff(existing, news)), detailed: {} }),
  };
}

const recorded = {
  marksDefaults: false,
  read: async ({ outputs }: { outputs: object }) => ({ outputs }),
  delete: async () => undefined,
};

/** @throws nothing: what is wrong, as a failure of `property` */
function atLeastOne(property: string, found: number | undefined): (readonly [string, string])[] {
  const fine = found === undefined || (Number.isInteger(found) && found >= 1);
  return fine ? [] : [[property, `expected a whole number from 1, found ${found}`]];
}

const randomId: Kind<IdInputs> = {
  ...recorded,
  type: "random:index/randomId:RandomId",
  fields: { byteLength: num({ required: true }), keepers: map(), prefix: str() },
  validate: ({ byteLength }) => atLeastOne("byteLength", byteLength),
  async create(inputs) {
    const { prefix = "", byteLength } = inputs;
    const bytes = randomBytes(byteLength);
    const id = bytes.toString("base64url");
    const outputs = {
      ...inputs,
      id,
      b64Std: prefix + bytes.toString("base64"),
      b64Url: prefix + id,
      dec: prefix + BigInt(`0x${bytes.toString("hex")}`).toString(),
      hex: prefix + bytes.toString("hex"),
    };
    return { id, outputs };
  },
};

/** bcrypt's default, which the official provider takes. */
const HASH_COST = 10;
const LOWER = "abcdefghijklmnopqrstuvwxyz";
const stringFields: Fields = {
  length: num({ required: true }),
  lower: bool(),
  upper: bool(),
  numeric: bool(),
  number: bool(),
  special: bool(),
  overrideSpecial: str(),
  minLower: num(),
  minUpper: num(),
  minNumeric: num(),
  minSpecial: num(),
  keepers: map(),
};

function randomString(kind: "Password" | "String"): Kind<StringInputs> {
  const secret = kind === "Password";
  return {
    ...recorded,
    type: `random:index/random${kind}:Random${kind}`,
    fields: stringFields,
    ...(secret && { secretOutputs: ["bcryptHash", "result"] }),
    validate(inputs) {
      const classes = classesOf(inputs);
      const needed = classes.reduce((sum, { min }) => sum + min, 0);
      const failures = atLeastOne("length", inputs.length);
      if (inputs.length < needed)
        failures.push([
          "length",
          `expected at least ${needed}, the sum of the min* properties, found ${inputs.length}`,
        ]);
      if (!classes.some(({ used, min }) => used || min > 0))
        failures.push(["special", "expected lower, upper, numeric or special: at least one to be true"]);
      return failures;
    },
    async create(inputs) {
      const outputs = stringOutputs(inputs);
      const id = String(outputs.result);
      if (secret) {
        const bcryptHash = await bcrypt.hash(id, HASH_COST);
        return { id: "none", outputs: { __meta: '{"schema_version":"3"}', ...outputs, bcryptHash, id: "none" } };
      }
      return { id, outputs: { __meta: '{"schema_version":"2"}', ...outputs, id } };
    },
  };
}

function classesOf(inputs: StringInputs) {
  const { lower = true, upper = true, numeric = inputs.number ?? true, special = true } = inputs;
  const { minLower = 0, minUpper = 0, minNumeric = 0, minSpecial = 0 } = inputs;
  return [
    { characters: LOWER, used: lower, min: minLower },
    { characters: LOWER.toUpperCase(), used: upper, min: minUpper },
    { characters: "0123456789", used: numeric, min: minNumeric },
    { characters: inputs.overrideSpecial || "!@#$%&*()-_=+[]{}<>:?", used: special, min: minSpecial },
  ] as const;
}

function stringOutputs(inputs: StringInputs): Properties {
  const classes = classesOf(inputs);
  const pick = (characters: string, count: number) =>
    Array.from({ length: count }, () => characters.charAt(randomInt(characters.length)));
  const result = classes.flatMap(({ characters, min }) => pick(characters, min));
  const all = classes.map(({ characters, used }) => (used ? characters : "")).join("");
  result.push(...pick(all || result.join(""), inputs.length - result.length));
  for (let index = result.length - 1; index > 0; index--) {
    const other = randomInt(index + 1);
    [result[index], result[other]] = [result[other] ?? "", result[index] ?? ""];
  }
  const [lower, upper, numeric, special] = classes;
  return {
    ...(plain(inputs as unknown as Properties) as Properties),
    lower: lower.used,
    upper: upper.used,
    numeric: numeric.used,
    number: numeric.used,
    special: special.used,
    minLower: lower.min,
    minUpper: upper.min,
    minNumeric: numeric.min,
    minSpecial: special.min,
    result: result.join(""),
  };
}
