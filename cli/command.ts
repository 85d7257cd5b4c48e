/**
 * What a command needs of the machine before it runs:
 * - `docker`: a Docker engine that answers
 * - `contexts`: also the build contexts that the stack's program reads
 * - `images`: the full setup (Docker engine, base images, build context of the stand-in)
 * - `stack`: also what the stack's own images are built from
 */
export type Need = "nothing" | "docker" | "contexts" | "images" | "stack";

/** One entry of commands.json in cli/ or tools/. cli/start.mjs reads these files too. */
export interface Command {
  readonly name: string;
  readonly needs: Need;
  readonly summary: string;
}

/**
 * Provides what the command needs of the machine. A command calls this after it has checked its arguments, so that
 * nothing is installed for wrong arguments.
 *
 * @param stack the stack that the command is about
 */
export type Prepare = (stack?: string) => Promise<void>;

/** The exports of a command's file. */
export interface CommandModule {
  /** The text that `--help` prints. */
  readonly help: string;
  /** @returns the exit status. */
  run(args: string[], prepare: Prepare): Promise<number>;
}

/** Loads a command's file on demand: one command must not load the packages of the others. */
export type CommandModules = Readonly<Record<string, () => Promise<CommandModule>>>;
