import type { CommandModules } from "../cli/command";
import { dispatch } from "../cli/dispatch";

const modules: CommandModules = {
  bench: () => import("./bench"),
  test: () => import("./test"),
  check: () => import("./check"),
  generate: () => import("./generate"),
};

/** Runs one of the developers' commands. @returns the exit status */
export function main(name: string, args: string[]): Promise<number> {
  return dispatch("tools", modules, name, args);
}
