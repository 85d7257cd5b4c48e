/**
 * What a command needs of the machine before it runs: `docker` is an engine that answers, `contexts` that and what its
 * stack's program reads, `images` the full setup, `stack` that and what its stack's images are built from.
 */
export type Need = "nothing" | "docker" | "contexts" | "images" | "stack";

/** One entry of commands.json in cli/ or tools/: start.mjs reads these lists too. */
export interface Command {
  readonly name: string;
  readonly needs: Need;
  readonly summary: string;
}

/**
 * Sees that the machine has what the command needs. Called once the arguments are known to be right: for those that are
 * not, nothing is installed.
 *
 * @param stack that the command is about
 */
export type Prepare = (stack?: string) => Promise<void>;

/** What the file of a command exports. */
export interface CommandModule {
  /** What `--help` shows. */
  readonly help: string;
  /** @returns the exit status. */
  run(args: string[], prepare: Prepare): Promise<number>;
}

/** Loads the file of a command, when it is called: the start of one command must not load the packages of the others. */
export type CommandModules = Readonly<Record<string, () => Promise<CommandModule>>>;
