import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";

type Package = { readonly optionalDependencies?: Readonly<Record<string, string>> };

describe("package-lock.json", () => {
  const lock = JSON.parse(readFileSync(join(__dirname, "../package-lock.json"), "utf8")) as {
    packages: Readonly<Record<string, Package & { resolved?: string }>>;
  };

  it("contains the optional packages of every platform, without which npm ci fails", () => {
    const missing = Object.entries(lock.packages).flatMap(([path, { optionalDependencies = {} }]) =>
      Object.keys(optionalDependencies).filter(
        (name) => !(`${path}/node_modules/${name}` in lock.packages) && !(`node_modules/${name}` in lock.packages),
      ),
    );
    assert.deepEqual(missing, []);
  });

  it("contains no registry URL", () => {
    const resolved = Object.values(lock.packages).flatMap((entry) => entry.resolved ?? []);
    assert.deepEqual(resolved, []);
  });
});
