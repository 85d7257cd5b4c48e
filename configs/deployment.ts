import type { Settings } from "../settings";
import type { Topology } from "../topology";

/** What the renderers read: the settings, and the topology that follows from them. */
export interface Deployment {
  readonly settings: Settings;
  readonly topology: Topology;
}
