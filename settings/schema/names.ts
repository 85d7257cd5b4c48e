import { z } from "zod";
import { text } from "./describe";

/** Types that settings of several groups have. */

export const hostName = text(
  (value) => value.length <= 253 && /^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]$/.test(value),
  "a full lower-case host name, e.g. gateway.apim-wso2.com",
);

export const port = z.int().min(1).max(65535);

export const isIpv4Address = (value: string) => z.ipv4().safeParse(value).success;

/** A text without a form of its own. */
export const shortText = (least: number, most: number) =>
  text(
    (value) => value.length >= least && value.length <= most,
    least === 0 ? `up to ${most} characters` : `${least} to ${most} characters`,
  );

/** MiB. */
export const memory = z.int().min(32).max(1_048_576);
