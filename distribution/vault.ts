import { vaultFile } from "../product/files";
import type { Home } from "./home";

/**
 * Checks that the product's vault is not in use: its server asks for a password at its start, which a container cannot
 * give, and its secrets are encrypted with the keystore that the deployment replaces.
 *
 * @throws naming file, line and remedy
 */
export function checkVault(home: Home, version: string): void {
  const lines = home.read(vaultFile.path)?.toString("latin1").split(/\r?\n/) ?? [];
  const index = lines.findIndex((line) => vaultFile.activeLine.test(line));
  if (index < 0) return;
  throw new Error(
    `${vaultFile.path} (${version}): line ${index + 1}, ${lines[index]?.trim().split(/[=:\s]/)[0]}: the product's vault is in use, which the containers cannot open; ` +
      "comment the lines of this file out, and write the values themselves into the elements that have a secretAlias",
  );
}
