/** The part of `docker inspect` that is read here. */
export interface ContainerLife {
  readonly State: {
    readonly Status: string;
    readonly StartedAt: string;
    readonly FinishedAt: string;
    readonly ExitCode: number;
    readonly OOMKilled: boolean;
    readonly Error: string;
    readonly Health?: { readonly Status: string } | undefined;
  };
  readonly RestartCount: number;
  readonly Config: { readonly Env?: readonly string[] | null };
}

export interface Circumstances {
  /** Milliseconds since 1970. */
  readonly now: number;
  /** The last line of the container's log. */
  readonly lastLine?: string;
  /** Why the image's entrypoint ended the run before this one, if it did. */
  readonly gaveUp?: string;
}

const startLimitVariable = "START_LIMIT_SECONDS=";
const longestLine = 200;
/** The beginning of the line in which images/apim/entrypoint.sh says why it ends a server that has not started. */
const givenUp = "entrypoint: given up: ";
/** Seconds that a server may take to stop after that line; longer than the entrypoint allows. */
const longestStop = 60;

/**
 * One line on what is wrong with a container, or was wrong before Docker restarted it.
 *
 * @returns undefined when nothing is wrong
 */
export function describeTrouble(life: ContainerLife, { now, lastLine, gaveUp }: Circumstances): string | undefined {
  const { State, RestartCount } = life;
  const reason = gaveUp === undefined ? "" : `; gave up: ${gaveUp}`;
  const isRepeated = lastLine === undefined || lastLine === `${givenUp}${gaveUp}`;
  const line = isRepeated ? "" : `; last log line: ${lastLine}`;
  const restarts = RestartCount === 0 ? "" : `; restarted by Docker ${times(RestartCount)}${reason}`;
  const exited = `exited ${duration(State.FinishedAt, now)} ago (${exitReason(State)})`;
  switch (State.Status) {
    case "running":
      return running(life, now, line, restarts);
    case "restarting":
      return `${exited}; Docker is restarting it, attempt ${RestartCount}${reason}${line}`;
    case "paused":
      return "paused; to continue, run docker unpause";
    case "exited": // Docker restarts a container that exits by itself: a user stopped this one, or it can't be started.
      return `${exited}${restarts}; to start it, run docker start${line}`;
    case "created":
      return `never started${State.Error ? `: ${State.Error}` : ""}`;
    default:
      return `${exited}${restarts}${line}`;
  }
}

/**
 * The time around the end of a restarted container's previous run, to look there in the log: the new run may have
 * written many lines since. Seconds since 1970, with fractions.
 */
export function previousEnd({ State }: ContainerLife): { readonly since: number; readonly until?: number } {
  const ended = Date.parse(State.FinishedAt) / 1000;
  const started = Date.parse(State.StartedAt) / 1000;
  const since = ended - longestStop;
  // Docker pauses before a restart, and records neither moment exactly.
  return started > ended ? { since, until: (ended + started) / 2 } : { since };
}

/** The reason in the last line of a log in which the entrypoint gives one. */
export function reasonToGiveUp(log: string): string | undefined {
  const line = linesOf(log)
    .filter((one) => one.startsWith(givenUp))
    .at(-1);
  return line && cut(line.slice(givenUp.length));
}

/** The last line of a log that is not empty. */
export function lastLineOf(log: string): string | undefined {
  const line = linesOf(log).at(-1);
  return line && cut(line);
}

function linesOf(log: string): string[] {
  return log
    .split("\n")
    .map((one) => one.trim())
    .filter((one) => one !== "");
}

function cut(line: string): string {
  return line.length > longestLine ? `${line.slice(0, longestLine - 3)}...` : line;
}

function running({ State, RestartCount, Config }: ContainerLife, now: number, line: string, restarts: string) {
  switch (State.Health?.Status) {
    case "healthy":
      return RestartCount === 0 ? undefined : `up for ${duration(State.StartedAt, now)}${restarts}`;
    case "unhealthy":
      return `does not answer${restarts}${line}`;
    case "starting": {
      const limit = Config.Env?.find((one) => one.startsWith(startLimitVariable))?.slice(startLimitVariable.length);
      const most = limit === undefined ? "" : ` of at most ${limit} s`;
      return `starting for ${duration(State.StartedAt, now)}${most}${restarts}${line}`;
    }
    default:
      return undefined;
  }
}

function exitReason({ ExitCode, OOMKilled, Error: message }: ContainerLife["State"]): string {
  if (OOMKilled) return "it needed more memory than its limit";
  return message ? `exit status ${ExitCode}: ${message}` : `exit status ${ExitCode}`;
}

function duration(since: string, now: number): string {
  const seconds = Math.max(0, Math.round((now - Date.parse(since)) / 1000));
  if (seconds < 120) return `${seconds} s`;
  return seconds < 7200 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`;
}

function times(count: number): string {
  return count === 1 ? "once" : `${count} times`;
}
