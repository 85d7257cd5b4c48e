/** One server of the deployment, mostly as Docker reports its container or service. */
export interface ContainerStatus {
  readonly name: string;
  readonly container: string;
  /** Docker's state, or `missing`; `external` for the user's own MySQL server. */
  readonly state: string;
  /** Docker's health, or `-`. */
  readonly health: string;
  /** How often Docker has restarted the container by itself. */
  readonly restarts: number;
  readonly url: string;
  /** On a swarm: the machines on which it runs. */
  readonly machine?: string;
  /** Why the container is not healthy, or was not before Docker restarted it. */
  readonly note?: string;
}
