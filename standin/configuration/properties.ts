import { networkInterfaces } from "node:os";

/** The values of `${name}` in files, by name. */
export type Properties = Readonly<Record<string, string>>;

/** Replaces every known `${name}`. Unknown ones stay in the text, so that errors show them. */
export function resolve(text: string, properties: Properties): string {
  return text.replace(/\$\{([^}]+)\}/g, (whole, name: string) => properties[name] ?? whole);
}

/** The IPv4 address of the first network interface that is not loopback: the product's value of `carbon.local.ip`. */
export function localAddress(): string {
  for (const addresses of Object.values(networkInterfaces())) {
    const found = addresses?.find((address) => address.family === "IPv4" && !address.internal);
    if (found) {
      return found.address;
    }
  }
  return "127.0.0.1";
}
