import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { configurationFiles } from "../product/files";
import { type Home, maximumSize, tooLarge } from "./home";

/** Opens an APIM_HOME directory, or a directory that contains one. */
export function openDirectory(directory: string): Home {
  const root = homeIn(directory);
  return {
    read(path) {
      const file = join(root, path);
      const stat = statSync(file, { throwIfNoEntry: false });
      if (!stat?.isFile()) return undefined;
      if (stat.size > maximumSize) throw tooLarge(directory, path, stat.size);
      return readFileSync(file);
    },
    list(path) {
      const found = join(root, path);
      return existsSync(found) ? readdirSync(found) : [];
    },
  };
}

/** The directory itself if it is an APIM_HOME, else the only APIM_HOME in it. @throws when there is none, or several */
export function homeIn(directory: string): string {
  const isHome = (candidate: string) => existsSync(join(candidate, configurationFiles.carbon.path));
  if (isHome(directory)) return directory;
  const homes = readdirSync(directory, { withFileTypes: true })
    .map(({ name }) => name)
    .filter((name) => isHome(join(directory, name)));
  const [only] = homes;
  if (only !== undefined && homes.length === 1) return join(directory, only);
  throw new Error(
    homes.length === 0
      ? `distribution ${directory}: found no ${configurationFiles.carbon.path} in it or in one of its directories; name the unpacked wso2am-<version> directory`
      : `distribution ${directory}: contains several distributions (${homes.join(", ")}); name one of them`,
  );
}

/** Whether the path of a distribution is a directory or a file. @throws when it does not exist */
export function sourceKind(path: string): "directory" | "file" {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat)
    throw new Error(
      `distribution ${path}: there is no such directory or file; expected an unpacked wso2am-<version> or its zip; put it there, or set wso2-apim:distribution`,
    );
  return stat.isDirectory() ? "directory" : "file";
}
