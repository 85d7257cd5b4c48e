import * as fs from "node:fs";
import * as path from "node:path";

const own = path.join(__dirname, "pack");
const standIn = path.join(__dirname, "../../standin/distribution");
const real = path.join(__dirname, "../../../shared/data/wso2am-1.9.0");

/** Whose stock files a pack of {@link makePack} has. */
export const stockFiles = fs.existsSync(real) ? "wso2am-1.9.0" : "the stand-in";

/** In a pack's repository/conf, these make its server do what the product does now and then. */
export const neverOpens = "test-never-opens";
export const neverStops = "test-never-stops";

/** Makes `wso2am-1.9.0` in a directory: stock files, and a small server in the place of the product's. @returns its path */
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
  // What is in a comment is no offset.
  const text = fs.readFileSync(carbon, "utf8").replace("<Offset>", "<!-- <Offset>7</Offset> --><Offset>");
  fs.writeFileSync(carbon, text);
  // As a server that was killed leaves it.
  fs.writeFileSync(path.join(pack, "wso2carbon.pid"), "1\n");
  return pack;
}

/** Without the modes: what is only to be read may come from a place where nothing else is allowed. */
function copy(from: string, to: string): void {
  fs.mkdirSync(to, { recursive: true });
  for (const entry of fs.readdirSync(from, { withFileTypes: true })) {
    const [source, target] = [path.join(from, entry.name), path.join(to, entry.name)];
    if (entry.isDirectory()) copy(source, target);
    else fs.writeFileSync(target, fs.readFileSync(source));
  }
}
