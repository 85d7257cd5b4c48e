/** One run: up, preview, refresh or destroy of a stack. */

import { once } from "node:events";
import { readExport } from "./backend/checkpoint";
import { type Keys, openKeys } from "./backend/passphrase";
import {
  type Config,
  decryptConfig,
  hasSecureConfig,
  type Project,
  readOwnProject,
  readProject,
} from "./backend/project";
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
  /** The directory of Pulumi.yaml. */
  readonly projectDir: string;
  readonly stack: string;
  /** Shows each change in full, with line diffs. @default false */
  readonly diff?: boolean;
  /** Prints a preview as one JSON document. @default false */
  readonly json?: boolean;
  /** Exit code 1 if there are changes. @default false */
  readonly expectNoChanges?: boolean;
  /** A refresh that reports drift without recording it. @default false */
  readonly previewOnly?: boolean;
  /**
   * With previewOnly: compares what `pulumi stack export --show-secrets` printed, and reads no state file. This needs no
   * passphrase, whatever the stack's backend and secrets provider are.
   */
  readonly exported?: string;
  /** Maximum number of concurrent provider calls. @default 16 */
  readonly parallel?: number;
  /** @default process.stdout */
  readonly out?: { write(text: string): unknown; isTTY?: boolean };
  /** @default process.env */
  readonly env?: NodeJS.ProcessEnv;
  /** Loads the providers; called while the program starts, so that both start concurrently. */
  readonly providers: (host: ProviderHost) => Promise<ProviderFactory>;
}

export interface Result {
  /** 0; 1 after a failure or unexpected changes; 130 after a signal. */
  readonly exitCode: number;
  readonly changed: boolean;
  readonly counts: Readonly<Partial<Record<Operation, number>>>;
  readonly ms: number;
  /** The part of `ms` in which the program ran: starting Node, loading the SDK and the program, and the program's steps. */
  readonly programMs: number;
}

const PARALLEL = 16;
const SIGNALS = ["SIGINT", "SIGTERM"] as const;
/**
 * npm forwards a signal that the terminal has already sent. A second signal within this time counts as this echo, not as
 * a second Ctrl-C.
 */
const SIGNAL_ECHO_MS = 1000;

/** @throws when the run can't start. Failures during the run are shown and result in exit code 1. */
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
  /** Nothing is written. */
  private readonly dryRun: boolean;
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
    this.dryRun = operation === "preview" || (operation === "refresh" && options.previewOnly === true);
    this.env = env;
    this.out = out;
    if (options.exported !== undefined && !this.dryRun) throw new Error("an exported state can only be compared");
    this.project = (options.exported === undefined ? readOwnProject : readProject)(projectDir, stack);
    this.file = StateFile.of(this.project, options.exported === undefined ? env : {});
    const write = (text: string) => !json && out.write(text);
    this.display = new Display({ kind: operation, stack, diff, paint: painter(out, env), write });
  }

  private get stopped(): boolean {
    return this.stopping.signal.aborted;
  }

  private get ended(): boolean {
    return this.ending.signal.aborted;
  }

  private readonly onSignal = (): void => {
    if (!this.stopped) {
      const finishing = "the steps in progress are finished first, so that nothing is lost; Ctrl-C again ends at once";
      this.print(this.dryRun ? "Stopping" : `Stopping: ${finishing}.`);
      this.stoppedAt = Date.now();
      this.stopping.abort();
    } else if (!this.ended && !this.over && Date.now() - this.stoppedAt >= SIGNAL_ECHO_MS) {
      if (!this.dryRun)
        this.print("Ended at once: the steps in progress stay pending, and the next run recovers them.");
      // Before aborting: a call that is aborted may have succeeded all the same, so its failure must not be recorded.
      this.journal?.close();
      this.ending.abort();
    }
  };

  async execute(): Promise<Result> {
    // Before taking the lock: a signal must not end the process without releasing it.
    for (const name of SIGNALS) process.on(name, this.onSignal);
    let unlock = () => {};
    try {
      if (!this.dryRun) unlock = await lockStack(this.file.bookkeeping, this.file.stack, (text) => this.print(text));
      await Promise.race([this.work(), this.endRequest]);
    } finally {
      try {
        await Promise.race([this.close(), this.endRequest]);
        if (this.ended) await this.journal?.flush();
      } finally {
        this.over = true;
        const unlisten = () => void SIGNALS.map((name) => process.off(name, this.onSignal));
        // The echo of the signal may still arrive.
        if (this.stopped && !this.ended) setTimeout(unlisten, SIGNAL_ECHO_MS).unref();
        else unlisten();
        unlock();
      }
    }
    return this.result();
  }

  private async close(): Promise<void> {
    // Loading writes to the state, which needs the lock, and opens providers, which must be closed.
    await this.loading;
    await this.registry?.close();
  }

  private async work(): Promise<void> {
    const { operation, file } = this;
    const { exported } = this.options;
    const runsProgram = operation === "up" || operation === "preview";
    const stored = exported === undefined ? file.read() : readExport(exported);
    if (stored === undefined && !runsProgram)
      throw new Error(`stack ${file.stack.stack}: there is no state in ${file.file}; nothing to ${operation}`);
    const keys =
      exported !== undefined
        ? Promise.resolve<Keys>({})
        : openKeys({
            file,
            project: this.project,
            env: this.env,
            stateSalt: stored?.salt,
            writes: operation === "up",
            say: (text) => this.print(text),
          });
    const load = keys.then((opened) => this.load(opened, stored?.resources ?? [], stored?.pending ?? []));
    // A failure is reported where `load` itself is awaited.
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
      // A stopped program only prints that its connection was closed.
      line: (text) => !this.stopped && this.logInfo(text),
    });
    const close = () => {
      program.kill();
      monitor.close();
    };
    // After an abort, the promises awaited below may never resolve.
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
    // If the state is written with another key than it was read with, every secret must be encrypted again.
    const reveal = (props?: Props) => props && (fromState(props, keys.state, keys.state === keys.write) as Props);
    const decrypt = (state: ResourceState) => ({
      ...state,
      inputs: reveal(state.inputs),
      outputs: reveal(state.outputs),
    });
    const resources = recorded.map(decrypt);
    const journal = new Journal(this.dryRun ? undefined : this.file, resources, keys.write);
    this.journal = journal;
    const factory = await this.options.providers({ dir: this.project.dir, log: (line) => this.logInfo(line) });
    this.registry = new ProviderRegistry(factory);
    this.registry.start(resources);
    const emit = (event: EngineEvent) => this.emit(event);
    const { parallel = PARALLEL } = this.options;
    const steps = new Steps(journal, this.registry, emit, this.dryRun, parallel, this.ending.signal);
    void this.stopRequest.then(() => {
      steps.stopping = true;
    });
    if (pending.length > 0 && this.dryRun)
      this.logInfo(
        `an earlier run was interrupted and left ${pending.length} pending operations; the next up recovers them`,
      );
    else
      await recoverPending(
        pending.map((each) => ({ ...each, resource: decrypt(each.resource) })),
        steps,
      );
    return { steps, journal };
  }

  private logInfo(message: string): void {
    this.emit({ kind: "log", severity: "info", message });
  }

  private emit(event: EngineEvent): void {
    // Failures after an abort are its consequences.
    if (this.ended) return;
    if (event.kind === "log" && event.severity === "error") this.failed = true;
    if (this.options.json && event.kind !== "start") this.events.push(event);
    this.display.event(event);
  }

  private print(text: string): void {
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
    if (unexpected && !json) this.out.write("error: no changes were expected, but changes were found\n");
    return {
      exitCode: this.stopped ? 130 : this.failed || unexpected ? 1 : 0,
      changed,
      counts: Object.fromEntries(counts),
      ms,
      programMs: this.programMs,
    };
  }
}
