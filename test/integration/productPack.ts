import * as fs from "node:fs";
import * as path from "node:path";

const own = path.join(__dirname, "pack");
const standIn = path.join(__dirname, "../../standin/distribution");
const real = path.join(__dirname, "../../../shared/data/wso2am-1.9.0");

/** The source of the stock files in a pack of {@link makePack}. */
export const stockFiles = fs.existsSync(real) ? "wso2am-1.9.0" : "the stand-in";

/** A file of this name in the pack's repository/conf makes its server hang, as the product sometimes does. */
export const neverOpens = "test-never-opens";
export const neverStops = "test-never-stops";

/** Creates a pack `wso2am-1.9.0` in a directory: stock files, and a small server in place of the product's. @returns its path */
export function makePack(directory: string): string {
  const pack = path.join(directory, "wso2am-1.9.0");
  copy(fs.existsSync(real) ? real : standIn, pack);
  for (const name of ["bin", "repository/components/plugins", "repository/resources/security"]) {
    fs.mkdirSync(path.join(pack, name), { recursive: true });
  }
  for (const name of fs.readdirSync(own)) fs.copyFileSync(path.join(own, name), path.join(pack, "bin", name));
  fs.chmodSync(path.join(pack, "bin/wso2server.sh"), 0o755);
  fs.writeFileSync(path.join(pack, "repository/components/plugins/bundle.jar"), "jar");
  const carbon = path.join(pack, "repository/conf/carbon.xml");
  // An offset in a comment must be ignored.
  const text = fs.readFileSync(carbon, "utf8").replace("<Offset>", "<!-- <Offset>7</Offset> --><Offset>");
  fs.writeFileSync(carbon, text);
  // A server that was killed leaves this file.
  fs.writeFileSync(path.join(pack, "wso2carbon.pid"), "1\n");
  return pack;
}

/** Copies a directory without the file modes, since the source may be read-only. */
function copy(from: string, to: string): void {
  fs.mkdirSync(to, { recursive: true });
  for (const entry of fs.readdirSync(from, { withFileTypes: true })) {
    const [source, target] = [path.join(from, entry.name), path.join(to, entry.name)];
    if (entry.isDirectory()) copy(source, target);
    else fs.writeFileSync(target, fs.readFileSync(source));
  }
}
