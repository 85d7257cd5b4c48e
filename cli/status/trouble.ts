/** What `docker inspect` tells of a container's life; the part that is read here. */
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
  /** The last line of its log. */
  readonly lastWords?: string;
  /** Why the run before this one ended, as far as the image itself ended it. */
  readonly gaveUp?: string;
}

const startLimitVariable = "START_LIMIT_SECONDS=";
const longestLine = 200;
/** How images/apim/entrypoint.sh begins the line that says why it ends a server that has not started. */
const givenUp = "entrypoint: given up: ";
/** Seconds that a server may take to stop after that line; above what the entrypoint grants it. */
const longestStop = 60;

/**
 * One line on what is wrong with a container, or was before Docker started it again. Pure.
 *
 * @returns undefined when there is nothing to say
 */
export function describeTrouble(life: ContainerLife, { now, lastWords, gaveUp }: Circumstances): string | undefined {
  const { State, RestartCount } = life;
  const why = gaveUp === undefined ? "" : `; it gave up: ${gaveUp}`;
  const isSaid = lastWords === undefined || lastWords === `${givenUp}${gaveUp}`;
  const words = isSaid ? "" : `; its last line: ${lastWords}`;
  const again = RestartCount === 0 ? "" : `; Docker has started it again ${times(RestartCount)}${why}`;
  switch (State.Status) {
    case "running":
      return running(life, now, words, again);
    case "restarting":
      return `it ended ${duration(State.FinishedAt, now)} ago (${endOf(State)}) and is being tried again, for the ${ordinal(RestartCount)} time${why}${words}`;
    case "paused":
      return "it is paused; docker unpause lets it go on";
    case "exited": // Docker starts again what ends by itself, so somebody stopped it or it could not be started.
      return `it ended ${duration(State.FinishedAt, now)} ago (${endOf(State)})${again}; docker start starts it again${words}`;
    case "created":
      return `it was never started${State.Error ? `: ${State.Error}` : ""}`;
    default:
      return `it ended ${duration(State.FinishedAt, now)} ago (${endOf(State)})${again}${words}`;
  }
}

/**
 * When a container that Docker has started again ended before that, for the log's lines of then: the new start's own may
 * be many. In seconds since 1970, with fractions.
 */
export function formerEnd({ State }: ContainerLife): { readonly since: number; readonly until?: number } {
  const [ended, started] = [State.FinishedAt, State.StartedAt].map((time) => Date.parse(time) / 1000) as [
    number,
    number,
  ];
  const since = ended - longestStop;
  // Docker pauses before it starts one again, and notes neither moment exactly.
  return started > ended ? { since, until: (ended + started) / 2 } : { since };
}

/** The reason in the last line that tells one. */
export function reasonToGiveUp(log: Buffer): string | undefined {
  const line = linesOf(log)
    .filter((one) => one.startsWith(givenUp))
    .at(-1);
  return line && cut(line.slice(givenUp.length));
}

/** The last line with something in it. */
export function lastLine(log: Buffer): string | undefined {
  const line = linesOf(log).at(-1);
  return line && cut(line);
}

/** Those with something in them, of a log as the Docker engine gives it: frames with a header of eight bytes. */
function linesOf(log: Buffer): string[] {
  const parts: string[] = [];
  for (let at = 0; at + 8 <= log.length; ) {
    const length = log.readUInt32BE(at + 4);
    parts.push(log.toString("utf8", at + 8, at + 8 + length));
    at += 8 + length;
  }
  return parts
    .join("")
    .split("\n")
    .map((one) => one.trim())
    .filter((one) => one !== "");
}

function cut(line: string): string {
  return line.length > longestLine ? `${line.slice(0, longestLine - 3)}...` : line;
}

function running({ State, RestartCount, Config }: ContainerLife, now: number, words: string, again: string) {
  switch (State.Health?.Status) {
    case "healthy":
      return RestartCount === 0 ? undefined : `up for ${duration(State.StartedAt, now)}${again}`;
    case "unhealthy":
      return `it does not answer${again}${words}`;
    case "starting": {
      const limit = Config.Env?.find((one) => one.startsWith(startLimitVariable))?.slice(startLimitVariable.length);
      const most = limit === undefined ? "" : ` of at most ${limit} s`;
      return `starting for ${duration(State.StartedAt, now)}${most}${again}${words}`;
    }
    default:
      return undefined;
  }
}

function endOf({ ExitCode, OOMKilled, Error: message }: ContainerLife["State"]): string {
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

function ordinal(count: number): string {
  const ending = { 1: "st", 2: "nd", 3: "rd" }[count % 100 > 10 && count % 100 < 14 ? 0 : count % 10] ?? "th";
  return `${count}${ending}`;
}
