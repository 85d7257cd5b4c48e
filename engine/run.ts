/** One run: up, preview, refresh or destroy of a stack. */

import { configProps } from "./defaultProviders";
import { Deployment } from "./deployment";
import { destroyAll } from "./destroy";
import { Display, painter, type RunKind } from "./display";
import { changeDigest, maskConfig } from "./displayJson";
import { DYNAMIC_PROVIDER, type DynamicServer, dynamicProvider, startDynamicServer } from "./dynamicProvider";
import type { EngineEvent, Operation } from "./events";
import { Journal } from "./journal";
import { type PendingOperation, packageOf, type ResourceState } from "./model";
import { startMonitor } from "./monitor";
import { decrypter, keyNeeds } from "./outputs";
import { type Keys, openKeys } from "./passphrase";
import { startProgram } from "./program";
import { type Config, decryptConfig, hasSecureConfig, type Project, readProject } from "./project";
import { recoverPending } from "./recover";
import { refreshAll } from "./refresh";
import { type ProviderFactory, ProviderRegistry } from "./registry";
import { backendDir, StateFile } from "./stateFile";
import { lockStack } from "./stateLock";
import { Steps } from "./steps";
import { fromState, type Props, renew } from "./values";

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
  /** Provider calls at the same time. @default 16 */
  readonly parallel?: number;
  /** Stops the run after the steps under way. @default SIGINT and SIGTERM */
  readonly signal?: AbortSignal;
  /** @default process.stdout */
  readonly out?: { write(text: string): unknown; isTTY?: boolean };
  /** @default process.env */
  readonly env?: NodeJS.ProcessEnv;
  /** In place of engine/providers, for tests. */
  readonly providers?: ProviderFactory;
}

export interface Timings {
  readonly totalMs: number;
  /** The program's own time: starting Node, loading the SDK and the program, computing. */
  readonly programMs: number;
  /** The engine's: state, secrets, planning, steps. */
  readonly engineMs: number;
}

export interface Result {
  /** 0, 1 after a failure (or, when none were expected, changes), 130 when stopped. */
  readonly exitCode: number;
  readonly changed: boolean;
  readonly counts: Readonly<Partial<Record<Operation, number>>>;
  readonly timings: Timings;
}

const DEFAULT_PARALLEL = 16;

/** @throws with one clear message when the run can't begin; what fails during it is shown and gives exit code 1. */
export async function run(operation: RunKind, options: Options): Promise<Result> {
  return new Run(operation, options).execute();
}

class Run {
  private readonly started = performance.now();
  private readonly env: NodeJS.ProcessEnv;
  private readonly preview: boolean;
  private readonly project: Project;
  private readonly file: StateFile;
  private readonly display: Display;
  private readonly events: EngineEvent[] = [];
  private readonly out: NonNullable<Options["out"]>;
  private registry: ProviderRegistry | undefined;
  private deployment: Deployment | undefined;
  private serverAhead: DynamicServer | undefined;
  private stopped = false;
  private failed = false;
  private programMs = 0;

  constructor(
    private readonly operation: RunKind,
    private readonly options: Options,
  ) {
    this.env = options.env ?? process.env;
    this.preview = operation === "preview";
    this.project = readProject(options.projectDir, options.stack);
    this.file = new StateFile(backendDir(options.projectDir, this.env), {
      project: this.project.name,
      stack: options.stack,
    });
    this.out = options.out ?? process.stdout;
    this.display = new Display({
      kind: operation,
      stack: options.stack,
      diff: options.diff ?? false,
      paint: painter(this.out, this.env),
      write: (text) => !options.json && this.out.write(text),
    });
  }

  async execute(): Promise<Result> {
    // Before the lock is taken: whoever is stopped must give it back.
    const unwatch = this.watchSignals();
    let unlock = () => {};
    try {
      if (!this.preview) unlock = lockStack(this.file.bookkeeping, this.file.stack, (text) => this.say(text));
      await this.work();
    } finally {
      await this.registry?.close();
      this.serverAhead?.child.kill("SIGKILL");
      unwatch();
      unlock();
    }
    return this.result();
  }

  private async work(): Promise<void> {
    const stored = this.file.read();
    if (stored === undefined && (this.operation === "refresh" || this.operation === "destroy"))
      throw new Error(
        `stack ${this.options.stack}: there is no state in ${this.file.file}; nothing to ${this.operation}`,
      );
    const keys = openKeys({
      ...keyNeeds(this.file, this.project, this.env),
      stateSalt: stored?.salt,
      writes: this.operation === "up",
      say: (text) => this.say(text),
    });
    const load = keys.then((opened) => this.load(opened, stored?.resources ?? [], stored?.pending ?? []));
    // Whoever awaits it reports it.
    load.catch(() => {});
    if (this.operation === "refresh" || this.operation === "destroy") {
      const { steps, journal } = await load;
      const complete = await (this.operation === "refresh" ? refreshAll : destroyAll)(steps, () => this.stopped);
      this.failed ||= !complete && !this.stopped;
      await journal.flush();
      return;
    }
    const config = decryptConfig(
      this.project,
      hasSecureConfig(this.project) ? await this.configDecrypter(keys) : (text) => text,
    );
    // It takes a second to start, and the program's own start leaves a core idle meanwhile.
    if (stored?.resources.some(({ type }) => packageOf(type) === DYNAMIC_PROVIDER) ?? true)
      this.serverAhead = startDynamicServer(this.project.dir, (message) =>
        this.emit({ kind: "log", severity: "info", message }),
      );
    await this.runProgram(config, load);
  }

  private async runProgram(config: Config, load: Promise<{ steps: Steps; journal: Journal }>): Promise<void> {
    const deployment = load.then(({ steps }) => {
      this.deployment = new Deployment(this.file.stack, steps, configProps(config.values, config.secretKeys));
      return this.deployment;
    });
    deployment.catch(() => {});
    const monitor = await startMonitor(deployment, this.project.dir, (event) => this.emit(event));
    const begun = performance.now();
    const program = startProgram({
      project: this.project,
      config,
      address: monitor.address,
      preview: this.preview,
      parallel: this.options.parallel ?? DEFAULT_PARALLEL,
      // A stopped program only complains that nobody listens any more.
      line: (message) => !this.stopped && this.emit({ kind: "log", severity: "info", message }),
    });
    try {
      const { journal } = await load;
      const ready = await deployment;
      const failure = await Promise.race([program.ended, this.stopRequest]);
      this.programMs = performance.now() - begun - monitor.busy();
      if (this.stopped) await ready.stop();
      else if (failure === undefined) await ready.finish();
      else {
        this.failed = true;
        await ready.stop();
        if (failure !== "") this.emit({ kind: "log", severity: "error", message: failure });
      }
      this.failed ||= ready.failed;
      await journal.flush();
    } finally {
      program.kill();
      monitor.close();
    }
  }

  private async load(keys: Keys, recorded: readonly ResourceState[], pending: readonly PendingOperation[]) {
    const decrypt = decrypter(keys);
    // Encrypted with another key than is written with, a value must be encrypted anew.
    const keep = keys.state === keys.write;
    const reveal = (props: Props | undefined) =>
      props && (keep ? fromState(props, decrypt) : renew(fromState(props, decrypt)));
    const open = (state: ResourceState): ResourceState => ({
      ...state,
      inputs: reveal(state.inputs) as Props | undefined,
      outputs: reveal(state.outputs) as Props | undefined,
    });
    const resources = recorded.map(open);
    const journal = new Journal(this.preview ? undefined : this.file, resources, keys.write);
    const line = (message: string) => this.emit({ kind: "log", severity: "info", message });
    const { providers: injected } = this.options;
    const loaded = injected ?? (await import("./providers")).providerFor;
    this.registry = new ProviderRegistry(
      (pkg, config) =>
        pkg === DYNAMIC_PROVIDER ? dynamicProvider(config, () => this.dynamicServer(line)) : loaded(pkg, config),
      resources,
    );
    const parallel = this.options.parallel ?? DEFAULT_PARALLEL;
    const steps = new Steps(journal, this.registry, (event) => this.emit(event), this.preview, parallel);
    if (pending.length > 0 && this.preview)
      line(`an earlier run was cut off with ${pending.length} steps under way; the next up looks after them`);
    else if (pending.length > 0)
      await recoverPending(
        pending.map((each) => ({ ...each, resource: open(each.resource) })),
        steps,
      );
    return { steps, journal };
  }

  /** The server that was started ahead, once; a new one for a provider that is configured anew. */
  private dynamicServer(line: (text: string) => void): DynamicServer {
    const ahead = this.serverAhead;
    this.serverAhead = undefined;
    return ahead ?? startDynamicServer(this.project.dir, line);
  }

  private async configDecrypter(keys: Promise<Keys>): Promise<(ciphertext: string) => string> {
    const { config } = await keys;
    if (config === undefined) throw new Error(`${this.project.stackFile}: has secure values but no encryptionsalt`);
    return (ciphertext) => config.decrypt(ciphertext);
  }

  private stopRequest: Promise<undefined> = new Promise(() => {});

  private watchSignals(): () => void {
    let resolve: (value: undefined) => void = () => {};
    this.stopRequest = new Promise((settle) => {
      resolve = settle;
    });
    const stop = () => {
      // npm sends on what the terminal sent already: a second signal is no second wish.
      if (this.stopped) return;
      this.stopped = true;
      this.say("Stopping: the steps under way are finished first, so that nothing is lost.");
      resolve(undefined);
    };
    const { signal } = this.options;
    if (signal !== undefined) {
      signal.addEventListener("abort", stop);
      if (signal.aborted) stop();
      return () => signal.removeEventListener("abort", stop);
    }
    for (const name of ["SIGINT", "SIGTERM"] as const) process.on(name, stop);
    return () => {
      for (const name of ["SIGINT", "SIGTERM"] as const) process.off(name, stop);
    };
  }

  private emit(event: EngineEvent): void {
    if (event.kind === "log" && event.severity === "error") this.failed = true;
    if (this.options.json && event.kind !== "start") this.events.push(event);
    this.display.event(event);
  }

  private say(text: string): void {
    if (this.options.json) process.stderr.write(`${text}\n`);
    else this.out.write(`${text}\n`);
  }

  private result(): Result {
    const totalMs = performance.now() - this.started;
    const { changed, counts } = this.display;
    this.display.finish(totalMs, this.failed || this.stopped);
    if (this.options.json)
      this.out.write(
        `${JSON.stringify(changeDigest(this.events, maskConfig(this.project), counts, totalMs), null, 4)}\n`,
      );
    const unexpected = this.options.expectNoChanges === true && changed;
    if (unexpected && !this.options.json) this.out.write("error: no changes were expected, but there are some\n");
    return {
      exitCode: this.stopped ? 130 : this.failed || unexpected ? 1 : 0,
      changed,
      counts: Object.fromEntries(counts),
      timings: { totalMs, programMs: this.programMs, engineMs: totalMs - this.programMs },
    };
  }
}
