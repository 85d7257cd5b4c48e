import { z } from "zod";
import type { ConfigurationFile } from "../../product/files";

/** Configuration file -> the elements that a setting changes in it. */
export type Changes = Readonly<Partial<Record<ConfigurationFile, string>>>;

/** What people must know about a setting besides its type and default. */
export interface SettingInfo {
  /** One clause: what the setting decides. Shown in Pulumi.yaml and docs/settings.md. */
  readonly description: string;
  /** What the setting changes in the product's files, and on which roles. @default nothing */
  readonly changes?: Changes;
}

/** Every setting, with what people must know about it. */
export const settingInfo = z.registry<SettingInfo>();

/** The permitted values in words, of each type that does not say it itself. */
const wording = z.registry<{ readonly expected: string }>();

/**
 * A text of a given form.
 *
 * @param form matches every permitted value
 * @param expected the permitted values in words
 */
export function text(form: RegExp | ((value: string) => boolean), expected: string) {
  const matches = typeof form === "function" ? form : (value: string) => form.test(value);
  return z.string().refine(matches).register(wording, { expected });
}

/** As {@link text}, or empty: the setting is not used. */
export function textOrNothing(form: RegExp | ((value: string) => boolean), expected: string) {
  const type = text(form, expected);
  return text((value) => value === "" || type.safeParse(value).success, `${expected}, or nothing`);
}

/** The value with which the program chooses a suitable value. */
export const auto = "auto";

/** As {@link text}, or {@link auto}. */
export function textOrAuto(form: RegExp | ((value: string) => boolean), expected: string) {
  const type = text(form, expected);
  return text((value) => value === auto || type.safeParse(value).success, `${auto}, or ${expected}`);
}

/** A whole number in a range, or {@link auto}. */
export function numberOrAuto(least: number, most: number) {
  return z
    .union([z.literal(auto), z.int().min(least).max(most)])
    .register(wording, { expected: `${auto}, or ${least} to ${most}` });
}

/** The permitted values of a setting in words, e.g. `1 to 8` or `off | svn`. */
export function expectedValues(type: z.ZodType): string {
  if (type instanceof z.ZodBoolean) return "true | false";
  if (type instanceof z.ZodEnum) return type.options.join(" | ");
  if (type instanceof z.ZodNumber) return `${type.minValue} to ${type.maxValue}`;
  const words = wording.get(type);
  if (!words) throw new Error("settings/schema: a type has no words for its permitted values");
  return words.expected;
}
