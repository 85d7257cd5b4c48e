/** The random provider: RandomId, RandomPassword, RandomString. Each change of an input replaces the resource. */

import { randomBytes, randomInt } from "node:crypto";
import type { Unwrap } from "@pulumi/pulumi";
import type { RandomIdArgs, RandomPasswordArgs } from "@pulumi/random";
import bcrypt from "bcryptjs";
import type { Provider } from "../provider";
import { type Kind, providerOf } from "./kind";
import { bool, each, map, num, str } from "./schema";

type IdInputs = Unwrap<RandomIdArgs>;
type StringInputs = Unwrap<RandomPasswordArgs>;

export function randomProvider(): Provider {
  const provider = providerOf([randomId, randomString("Password"), randomString("String")]);
  return {
    ...provider,
    // Like the official provider, without details: a preview then shows all outputs of the replacement as unknown.
    diff: async (existing, news) => ({ ...(await provider.diff(existing, news)), detailed: {} }),
  };
}

const onlyRecorded = {
  marksDefaults: false,
  read: async ({ outputs }: { outputs: object }) => ({ outputs }),
  delete: async () => undefined,
};

const randomId: Kind<IdInputs> = {
  ...onlyRecorded,
  type: "random:index/randomId:RandomId",
  fields: { byteLength: num({ required: true, min: 1 }), keepers: map(), prefix: str() },
  async create(inputs) {
    const { prefix = "", byteLength } = inputs;
    const bytes = randomBytes(byteLength);
    const id = bytes.toString("base64url");
    const hex = bytes.toString("hex");
    const forms = { b64Std: bytes.toString("base64"), b64Url: id, dec: `${BigInt(`0x${hex}`)}`, hex };
    const prefixed = Object.entries(forms).map(([form, text]) => [form, prefix + text]);
    return { id, outputs: { ...inputs, ...Object.fromEntries(prefixed) } };
  },
};

/** bcrypt's default, as in the official provider. */
const HASH_COST = 10;
const LOWER = "abcdefghijklmnopqrstuvwxyz";

function randomString(kind: "Password" | "String"): Kind<StringInputs> {
  const secret = kind === "Password";
  return {
    ...onlyRecorded,
    type: `random:index/random${kind}:Random${kind}`,
    fields: {
      length: num({ required: true, min: 1 }),
      ...each(["lower", "upper", "numeric", "number", "special"], bool()),
      ...each(["minLower", "minUpper", "minNumeric", "minSpecial"], num()),
      overrideSpecial: str(),
      keepers: map(),
    },
    secretOutputs: secret ? ["bcryptHash", "result"] : [],
    *validate(inputs) {
      const classes = classesOf(inputs);
      const needed = classes.reduce((sum, { min }) => sum + min, 0);
      if (inputs.length < needed)
        yield ["length", `expected at least ${needed}, the sum of the min* properties, found ${inputs.length}`];
      if (!classes.some(({ used, min }) => used || min > 0))
        yield ["special", "expected lower, upper, numeric or special: at least one to be true"];
    },
    async create(inputs) {
      const classes = classesOf(inputs);
      const result = randomText(inputs.length, classes);
      const settings = classes.map(({ name, used, min }) => ({ [name.toLowerCase()]: used, [`min${name}`]: min }));
      const effective: Record<string, boolean | number> = Object.assign({}, ...settings);
      const outputs = { ...inputs, ...effective, number: effective.numeric, result };
      if (!secret) return { id: result, outputs: { __meta: '{"schema_version":"2"}', ...outputs } };
      const bcryptHash = await bcrypt.hash(result, HASH_COST);
      return { id: "none", outputs: { __meta: '{"schema_version":"3"}', ...outputs, bcryptHash } };
    },
  };
}

interface CharacterClass {
  /** The suffix of the class's `min...` property. */
  readonly name: string;
  readonly characters: string;
  readonly used: boolean;
  /** The minimum number of its characters, even if it is not used otherwise. */
  readonly min: number;
}

function classesOf(inputs: StringInputs): CharacterClass[] {
  const { lower = true, upper = true, numeric = inputs.number ?? true, special = true } = inputs;
  const { minLower = 0, minUpper = 0, minNumeric = 0, minSpecial = 0 } = inputs;
  const symbols = inputs.overrideSpecial || "!@#$%&*()-_=+[]{}<>:?";
  return [
    { name: "Lower", characters: LOWER, used: lower, min: minLower },
    { name: "Upper", characters: LOWER.toUpperCase(), used: upper, min: minUpper },
    { name: "Numeric", characters: "0123456789", used: numeric, min: minNumeric },
    { name: "Special", characters: symbols, used: special, min: minSpecial },
  ];
}

function randomText(length: number, classes: readonly CharacterClass[]): string {
  const pick = (characters: string, count: number) =>
    Array.from({ length: count }, () => characters.charAt(randomInt(characters.length)));
  const result = classes.flatMap(({ characters, min }) => pick(characters, min));
  const all = classes.map(({ characters, used }) => (used ? characters : "")).join("");
  result.push(...pick(all || result.join(""), length - result.length));
  for (let index = result.length - 1; index > 0; index--) {
    const other = randomInt(index + 1);
    [result[index], result[other]] = [result[other] ?? "", result[index] ?? ""];
  }
  return result.join("");
}
