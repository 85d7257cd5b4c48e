/** One run: up, preview, refresh or destroy of a stack. */

import { once } from "node:events";
import { type Keys, openKeys } from "./backend/passphrase";
import { type Config, decryptConfig, hasSecureConfig, type Project, readProject } from "./backend/project";
import { StateFile } from "./backend/stateFile";
import { lockStack } from "./backend/stateLock";
import { Display, painter, type RunKind } from "./display/display";
import { changeDigest, maskConfig } from "./display/displayJson";
import type { EngineEvent, Operation } from "./events";
import type { PendingOperation, ResourceState } from "./model";
import { Deployment } from "./planning/deployment";
import { destroyAll } from "./planning/destroy";
import { Journal } from "./planning/journal";
import { recoverPending } from "./planning/recover";
import { refreshAll } from "./planning/refresh";
import { ProviderRegistry } from "./planning/registry";
import { Steps } from "./planning/steps";
import { startMonitor } from "./program/monitor";
import { startProgram } from "./program/program";
import type { ProviderFactory, ProviderHost } from "./provider";
import { fromState, type Props } from "./values";

export interface Options {
  /** Where Pulumi.yaml is. */
  readonly projectDir: string;
  readonly stack: string;
  /** Show every change in full, with line diffs. @default false */
  readonly diff?: boolean;
  /** Print a preview as one JSON document. @default false */
  readonly json?: boolean;
  /** Exit status 1 when there are changes. @default false */
  readonly expectNoChanges?: boolean;
  /** A refresh that only tells what was changed outside, and records nothing. @default false */
  readonly previewOnly?: boolean;
  /** Provider calls at the same time. @default 16 */
  readonly parallel?: number;
  /** @default process.stdout */
  readonly out?: { write(text: string): unknown; isTTY?: boolean };
  /** @default process.env */
  readonly env?: NodeJS.ProcessEnv;
  /** Serves the packages of the program's resources; asked for while the program starts, which leaves a core idle. */
  readonly providers: (host: ProviderHost) => Promise<ProviderFactory>;
}

export interface Result {
  /** 0, 1 after a failure (or, when none were expected, changes), 130 when stopped. */
  readonly exitCode: number;
  readonly changed: boolean;
  readonly counts: Readonly<Partial<Record<Operation, number>>>;
  readonly ms: number;
  /** Of these, while the program ran: starting Node, loading the SDK and the program, and the steps that it asked for. */
  readonly programMs: number;
}

const PARALLEL = 16;
const SIGNALS = ["SIGINT", "SIGTERM"] as const;
/** npm sends on what the terminal sent already: a signal that comes sooner after the first one is no second wish. */
const SECOND_WISH_MS = 1000;

/** @throws with one clear message when the run can't begin; what fails during it is shown and gives exit code 1. */
export async function run(operation: RunKind, options: Options): Promise<Result> {
  return new Run(operation, options).execute();
}

class Run {
  private readonly started = performance.now();
  private readonly env: NodeJS.ProcessEnv;
  private readonly project: Project;
  private readonly file: StateFile;
  private readonly out: NonNullable<Options["out"]>;
  private readonly display: Display;
  /** Whether nothing is written. */
  private readonly dry: boolean;
  private readonly events: EngineEvent[] = [];
  private registry: ProviderRegistry | undefined;
  private loading: Promise<unknown> | undefined;
  private readonly stopping = new AbortController();
  private readonly stopRequest = once(this.stopping.signal, "abort");
  private readonly ending = new AbortController();
  private readonly endRequest = once(this.ending.signal, "abort");
  private stoppedAt = 0;
  private over = false;
  private journal: Journal | undefined;
  private failed = false;
  private programMs = 0;

  constructor(
    private readonly operation: RunKind,
    private readonly options: Options,
  ) {
    const { projectDir, stack, env = process.env, out = process.stdout, diff = false, json } = options;
    this.dry = operation === "preview" || (operation === "refresh" && options.previewOnly === true);
    this.env = env;
    this.out = out;
    this.project = readProject(projectDir, stack);
    this.file = StateFile.of(this.project, env);
    const write = (text: string) => !json && out.write(text);
    this.display = new Display({ kind: operation, stack, diff, paint: painter(out, env), write });
  }

  private get stopped(): boolean {
    return this.stopping.signal.aborted;
  }

  private get ended(): boolean {
    return this.ending.signal.aborted;
  }

  private readonly stop = (): void => {
    if (!this.stopped) {
      const finishing = "the steps under way are finished first, so that nothing is lost; Ctrl-C again ends at once";
      this.say(this.dry ? "Stopping" : `Stopping: ${finishing}.`);
      this.stoppedAt = Date.now();
      this.stopping.abort();
    } else if (!this.ended && !this.over && Date.now() - this.stoppedAt >= SECOND_WISH_MS) {
      if (!this.dry) this.say("Ended at once: the steps under way are left open, and the next run looks after them.");
      // First: what fails now says nothing of what became of it.
      this.journal?.close();
      this.ending.abort();
    }
  };

  async execute(): Promise<Result> {
    // Before the lock is taken: whoever is stopped must give it back.
    for (const name of SIGNALS) process.on(name, this.stop);
    let unlock = () => {};
    try {
      if (!this.dry) unlock = lockStack(this.file.bookkeeping, this.file.stack, (text) => this.say(text));
      await Promise.race([this.work(), this.endRequest]);
    } finally {
      try {
        await Promise.race([this.close(), this.endRequest]);
        if (this.ended) await this.journal?.flush();
      } finally {
        this.over = true;
        const unlisten = () => void SIGNALS.map((name) => process.off(name, this.stop));
        // Of two signals for one wish, the second may still be on its way.
        if (this.stopped && !this.ended) setTimeout(unlisten, SECOND_WISH_MS).unref();
        else unlisten();
        unlock();
      }
    }
    return this.result();
  }

  private async close(): Promise<void> {
    // Also when it is not awaited any more: it records, which needs the lock, and opens what must be closed.
    await this.loading;
    await this.registry?.close();
  }

  private async work(): Promise<void> {
    const { operation, file } = this;
    const runsProgram = operation === "up" || operation === "preview";
    const stored = file.read();
    if (stored === undefined && !runsProgram)
      throw new Error(`stack ${file.stack.stack}: there is no state in ${file.file}; nothing to ${operation}`);
    const keys = openKeys({
      ...{ file, project: this.project, env: this.env },
      stateSalt: stored?.salt,
      writes: operation === "up",
      say: (text) => this.say(text),
    });
    const load = keys.then((opened) => this.load(opened, stored?.resources ?? [], stored?.pending ?? []));
    // Whoever awaits `load` itself reports it.
    this.loading = load.catch(() => {});
    if (!runsProgram) {
      const { steps, journal } = await load;
      const complete = await (operation === "refresh" ? refreshAll : destroyAll)(steps);
      this.failed ||= !complete && !this.stopped;
      return journal.flush();
    }
    const config = decryptConfig(this.project, hasSecureConfig(this.project) ? (await keys).config : undefined);
    await this.runProgram(config, load);
  }

  private async runProgram(config: Config, load: Promise<{ steps: Steps; journal: Journal }>): Promise<void> {
    const deployment = load.then(({ steps }) => new Deployment(this.file.stack, steps, config));
    deployment.catch(() => {});
    const monitor = await startMonitor(deployment, (event) => this.emit(event), this.project.dir);
    const begun = performance.now();
    const program = startProgram({
      project: this.project,
      config,
      address: monitor.address,
      preview: this.operation === "preview",
      parallel: this.options.parallel ?? PARALLEL,
      // A stopped program only complains that nobody listens any more.
      line: (text) => !this.stopped && this.tell(text),
    });
    const close = () => {
      program.kill();
      monitor.close();
    };
    // Nothing may come back from what is awaited here.
    this.ending.signal.addEventListener("abort", close);
    try {
      const { journal } = await load;
      const ready = await deployment;
      const failure = await Promise.race([program.ended, this.stopRequest]);
      this.programMs = performance.now() - begun;
      const ended = !this.stopped && failure === undefined;
      await (ended ? ready.finish() : ready.stop());
      this.failed ||= ready.failed || (!this.stopped && failure !== undefined);
      if (typeof failure === "string" && failure) this.emit({ kind: "log", severity: "error", message: failure });
      await journal.flush();
    } finally {
      close();
    }
  }

  private async load(keys: Keys, recorded: readonly ResourceState[], pending: readonly PendingOperation[]) {
    // Encrypted with another key than is written with, a value must be encrypted anew.
    const reveal = (props?: Props) => props && (fromState(props, keys.state, keys.state === keys.write) as Props);
    const open = (state: ResourceState) => ({
      ...state,
      ...{ inputs: reveal(state.inputs), outputs: reveal(state.outputs) },
    });
    const resources = recorded.map(open);
    const journal = new Journal(this.dry ? undefined : this.file, resources, keys.write);
    this.journal = journal;
    const factory = await this.options.providers({ dir: this.project.dir, log: (line) => this.tell(line) });
    this.registry = new ProviderRegistry(factory);
    this.registry.start(resources);
    const emit = (event: EngineEvent) => this.emit(event);
    const { parallel = PARALLEL } = this.options;
    const steps = new Steps(journal, this.registry, emit, this.dry, parallel, this.ending.signal);
    void this.stopRequest.then(() => {
      steps.stopping = true;
    });
    if (pending.length > 0 && this.dry)
      this.tell(`an earlier run was cut off with ${pending.length} steps under way; the next up looks after them`);
    else
      await recoverPending(
        pending.map((each) => ({ ...each, resource: open(each.resource) })),
        steps,
      );
    return { steps, journal };
  }

  private tell(message: string): void {
    this.emit({ kind: "log", severity: "info", message });
  }

  private emit(event: EngineEvent): void {
    // Whatever fails then fails for that.
    if (this.ended) return;
    if (event.kind === "log" && event.severity === "error") this.failed = true;
    if (this.options.json && event.kind !== "start") this.events.push(event);
    this.display.event(event);
  }

  private say(text: string): void {
    (this.options.json ? process.stderr : this.out).write(`${text}\n`);
  }

  private result(): Result {
    const ms = performance.now() - this.started;
    const { changed, counts } = this.display;
    const { json, expectNoChanges } = this.options;
    this.display.finish(ms, this.failed || this.stopped);
    if (json) {
      const digest = changeDigest(this.events, maskConfig(this.project), counts, ms);
      this.out.write(`${JSON.stringify(digest, null, 4)}\n`);
    }
    const unexpected = expectNoChanges === true && changed;
    if (unexpected && !json) this.out.write("error: no changes were expected, but there are some\n");
    return {
      exitCode: this.stopped ? 130 : this.failed || unexpected ? 1 : 0,
      changed,
      counts: Object.fromEntries(counts),
      ms,
      programMs: this.programMs,
    };
  }
}
