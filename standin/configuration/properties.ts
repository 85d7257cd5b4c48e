import { networkInterfaces } from "node:os";

/** Values that `${name}` in a file stands for. */
export type Properties = Readonly<Record<string, string>>;

/** Replaces every `${name}` that is known; an unknown one stays, so that errors show it. */
export function resolve(text: string, properties: Properties): string {
  return text.replace(/\$\{([^}]+)\}/g, (whole, name: string) => properties[name] ?? whole);
}

/** The IPv4 address of the first network interface that is not loopback: what the product takes for carbon.local.ip. */
export function localAddress(): string {
  for (const addresses of Object.values(networkInterfaces())) {
    const found = addresses?.find((address) => address.family === "IPv4" && !address.internal);
    if (found) {
      return found.address;
    }
  }
  return "127.0.0.1";
}
