import { randomBytes, randomInt } from "node:crypto";
import type { CheckFailure, Properties, Provider } from "../provider";
import { type Created, type Kind, providerOf } from "./kind";
import { bool, type Fields, map, num, str } from "./schema";
import { flag, number, plain, text } from "./values";

const lowerCase = "abcdefghijklmnopqrstuvwxyz";
const digits = "0123456789";
const special = "!@#$%&*()-_=+[]{}<>:?";

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

/** The random provider on node:crypto: RandomId, RandomPassword, RandomString. Every change of an input replaces. */
export function randomProvider(): Provider {
  const provider = providerOf([randomId, randomPassword, randomString]);
  return {
    ...provider,
    // As the official one: without details, a preview shows all that will be made anew as not known yet.
    diff: async (existing, news) => ({ ...(await provider.diff(existing, news)), detailed: {} }),
  };
}

const nothing = async (): Promise<void> => undefined;
const asRecorded: Kind["read"] = async ({ inputs, outputs }) => ({ inputs, outputs });

const randomId: Kind = {
  type: "random:index/randomId:RandomId",
  fields: { byteLength: num({ required: true }), keepers: map(), prefix: str() },
  marksDefaults: false,
  validate: (inputs) => atLeastOne(inputs, "byteLength"),
  async create(inputs) {
    const bytes = randomBytes(number(inputs, "byteLength") ?? 1);
    const prefix = text(inputs, "prefix") ?? "";
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
  read: asRecorded,
  delete: nothing,
};

const randomPassword: Kind = {
  type: "random:index/randomPassword:RandomPassword",
  fields: stringFields,
  marksDefaults: false,
  secretOutputs: ["bcryptHash", "result"],
  validate: checkClasses,
  async create(inputs) {
    // The official provider also gives a bcrypt hash of the result; this project has no use and no library for it.
    const outputs = { __meta: '{"schema_version":"3"}', ...stringOutputs(inputs), bcryptHash: null, id: "none" };
    return { id: "none", outputs };
  },
  read: asRecorded,
  delete: nothing,
};

const randomString: Kind = {
  type: "random:index/randomString:RandomString",
  fields: stringFields,
  marksDefaults: false,
  validate: checkClasses,
  async create(inputs): Promise<Created> {
    const outputs = stringOutputs(inputs);
    const id = String(outputs.result);
    return { id, outputs: { __meta: '{"schema_version":"2"}', ...outputs, id } };
  },
  read: asRecorded,
  delete: nothing,
};

function atLeastOne(inputs: Properties, property: string): CheckFailure[] {
  const found = number(inputs, property);
  const fine = found === undefined || (Number.isInteger(found) && found >= 1);
  return fine ? [] : [{ property, reason: `${property}: expected a whole number from 1, found ${found}` }];
}

interface CharacterClass {
  readonly characters: string;
  readonly used: boolean;
  readonly min: number;
}

function classesOf(inputs: Properties): CharacterClass[] {
  const numeric = flag(inputs, "numeric") ?? flag(inputs, "number") ?? true;
  const one = (characters: string, used: boolean, min: string) => ({ characters, used, min: number(inputs, min) ?? 0 });
  return [
    one(lowerCase, flag(inputs, "lower") ?? true, "minLower"),
    one(lowerCase.toUpperCase(), flag(inputs, "upper") ?? true, "minUpper"),
    one(digits, numeric, "minNumeric"),
    one(text(inputs, "overrideSpecial") || special, flag(inputs, "special") ?? true, "minSpecial"),
  ];
}

function checkClasses(inputs: Properties): CheckFailure[] {
  const classes = classesOf(inputs);
  const needed = classes.reduce((sum, { min }) => sum + min, 0);
  const length = number(inputs, "length");
  const failures = atLeastOne(inputs, "length");
  if (length !== undefined && length < needed) {
    failures.push({
      property: "length",
      reason: `length: expected at least ${needed}, the sum of the min* properties, found ${length}`,
    });
  }
  if (!classes.some(({ used, min }) => used || min > 0)) {
    failures.push({ property: "special", reason: "lower, upper, numeric, special: expected at least one to be true" });
  }
  return failures;
}

function stringOutputs(inputs: Properties): Properties {
  const classes = classesOf(inputs);
  const pick = (characters: string, count: number) =>
    Array.from({ length: count }, () => characters.charAt(randomInt(characters.length)));
  const result = classes.flatMap(({ characters, min }) => pick(characters, min));
  const all = classes.map(({ characters, used }) => (used ? characters : "")).join("");
  result.push(...pick(all || result.join(""), (number(inputs, "length") ?? 0) - result.length));
  for (let index = result.length - 1; index > 0; index--) {
    const other = randomInt(index + 1);
    [result[index], result[other]] = [result[other] ?? "", result[index] ?? ""];
  }
  const [lower, upper, numeric, specials] = classes;
  return {
    ...(plain(inputs) as Properties),
    lower: lower?.used ?? true,
    upper: upper?.used ?? true,
    numeric: numeric?.used ?? true,
    number: numeric?.used ?? true,
    special: specials?.used ?? true,
    minLower: lower?.min ?? 0,
    minUpper: upper?.min ?? 0,
    minNumeric: numeric?.min ?? 0,
    minSpecial: specials?.min ?? 0,
    result: result.join(""),
  };
}
