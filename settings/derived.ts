import { type Settings, settingsSchema, standIn } from "./schema";

/** MiB that the product's JVM needs beside its heap: classes, compiled code, some hundred threads, buffers. */
export const besideHeap = 512;

/** MiB; what the stock heap of 1024 comes to with all that is beside it. */
export const leastProductMemory = 1024 + besideHeap;

/** Replaces each 0 that means "what suits the distribution": the stand-in is small and quick, the product neither. */
export function withSuitableValues(settings: Settings): Settings {
  if (settings.distribution === standIn) {
    return { ...settings, nodeMemory: settings.nodeMemory || 192, startTimeout: settings.startTimeout || 180 };
  }
  const nodeMemory = settings.nodeMemory || 2048;
  return {
    ...settings,
    nodeMemory,
    // A third for what is beside it, which grows with the heap: the collector's tables, threads, buffers.
    nodeHeap: settings.nodeHeap || Math.floor((nodeMemory * 2) / 3),
    // A node alone takes a minute; all of them on a small machine, with cold disks, several.
    startTimeout: settings.startTimeout || 600,
  };
}

/** Those that are not the default of a stack with this distribution. */
export function differingSettings({ stack, ...settings }: Settings): Readonly<Record<string, unknown>> {
  const defaults = completeSettings({ distribution: settings.distribution }, stack);
  return Object.fromEntries(
    Object.entries(settings).filter(([name, value]) => {
      return name === "distribution" ? value !== standIn : value !== defaults[name as keyof Settings];
    }),
  );
}

/** Adds what {@link differingSettings} left out. @throws when they are those of another version of this program */
export function completeSettings(differing: Readonly<Record<string, unknown>>, stack: string): Settings {
  return withSuitableValues({ ...settingsSchema.parse(differing), stack });
}
