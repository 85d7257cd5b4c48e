import type { CommandModules } from "./command";
import { dispatch } from "./dispatch";

const modules: CommandModules = {
  up: () => import("./up"),
  preview: () => import("./preview"),
  refresh: () => import("./refresh"),
  destroy: () => import("./destroy"),
  verify: () => import("./verify"),
  status: () => import("./status"),
  output: () => import("./output"),
  config: async () => {
    const { help, run } = await import("./config");
    return { help, run: (args) => run(args) };
  },
  stack: () => import("./stack"),
  render: () => import("./render"),
  topology: () => import("./topology"),
  setup: () => import("./setup"),
};

/** Runs one of the users' commands. @returns the exit status */
export function main(name: string, args: string[]): Promise<number> {
  return dispatch("cli", modules, name, args);
}
