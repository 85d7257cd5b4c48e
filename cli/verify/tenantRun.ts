import { randomBytes } from "node:crypto";
import type { ServiceServer } from "../../services/soap";
import { addTenant, deactivateTenant, isTenantActive } from "../../services/tenants";
import { Refused } from "./answers";
import { Created } from "./created";
import type { CycleOptions } from "./cycleRun";
import { type CalledEnvironment, calledEnvironments, type KeyType, ownKeyType } from "./environments";
import { type Front, frontOf } from "./front";
import { answered, frontService } from "./frontService";
import { GatewayRun } from "./gatewayRun";
import { GatewaySuspects } from "./gatewaySuspects";
import { Publication } from "./publication";
import type { Suspect } from "./suspects";
import { tenantDatabases, tenantVolumes } from "./tenantSuspects";
import { neverAborted, until, waiting } from "./waiting";

/** The tenant of a run, which the product can't delete. */
export interface LeftTenant {
  readonly domain: string;
  /** Whether it could not be deactivated. */
  readonly active: boolean;
}

/** One run's tenant, with its administrator's sessions, and what the run has received so far. */
export class TenantRun {
  readonly need: GatewaySuspects;
  readonly domain: string;
  /** With the domain, as the administrator logs in. */
  readonly user: string;
  readonly publication: Publication;
  readonly created = new Created<"tenant">();
  readonly environments: readonly CalledEnvironment[];
  /** The types of keys with which the environments are called, each once. */
  readonly keyTypes: readonly KeyType[];
  private readonly admin: string;
  // Password policies of the product want at most 30 characters.
  private readonly password = randomBytes(12).toString("hex");
  private readonly services: ServiceServer;
  private readonly front: Front;
  private left: LeftTenant | undefined;

  constructor(private readonly options: CycleOptions) {
    const { topology, adminUser, adminPassword } = options.outputs;
    this.front = frontOf(options);
    // All profiles have the service for tenants; the Publisher has all databases.
    this.services = frontService(this.front, "publisher", { username: adminUser, password: adminPassword });
    this.need = new GatewaySuspects(topology);
    this.environments = calledEnvironments(topology);
    this.keyTypes = [...new Set(this.environments.map(({ type }) => ownKeyType(type)))];
    const id = randomBytes(4).toString("hex");
    this.domain = `verify${id}.example`;
    // Where user names are e-mail addresses, a name with one @ would be a user without a tenant.
    this.admin = adminUser.includes("@") ? `admin@${this.domain}` : "admin";
    this.user = `${this.admin}@${this.domain}`;
    const { PRODUCTION: endpoint, SANDBOX: sandboxEndpoint } = options.backend.urls;
    this.publication = new Publication({
      front: this.front,
      user: { username: this.user, password: this.password },
      name: `Verify${id}`,
      endpoint,
      ...(this.keyTypes.includes("SANDBOX") && { sandboxEndpoint }),
      tenant: this.domain,
      limits: options.limits,
      signal: options.signal,
    });
  }

  /** What stays of the tenant; undefined when none was made. */
  leftTenant(): LeftTenant | undefined {
    return this.created.has("tenant") ? { domain: this.domain, active: true } : this.left;
  }

  gateway(environment: CalledEnvironment): GatewayRun {
    const { backend, limits, signal } = this.options;
    const { front, need } = this;
    const { path, keys } = this.publication;
    const of = (suspects: readonly Suspect[]) => (gateway: string) => suspects.filter(({ node }) => node === gateway);
    const tenant = { files: of(this.volumes(environment)), databases: of(tenantDatabases(need, "gateway")) };
    return new GatewayRun({ front, need, environment, backend, limits, signal, path, keys, tenant });
  }

  /** The volumes with the API's files. */
  volumes(environment: CalledEnvironment): readonly Suspect[] {
    return tenantVolumes(this.options.outputs.topology, environment);
  }

  async make(): Promise<void> {
    const { domain, admin, password, services } = this;
    const tenant = { domain, admin, password, email: `verify@${domain}` };
    await this.created.create("tenant", () => answered(addTenant(services, tenant)));
  }

  /** Deactivates the tenant, and asks whether it is so. */
  deactivate(): Promise<void> {
    const { domain, services } = this;
    return this.created.remove("tenant", async () => {
      await answered(deactivateTenant(services, domain));
      const limit = this.options.limits.deployment;
      // Ctrl-C ends the steps, but not the clean-up.
      const wait = waiting(limit, neverAborted);
      const done = await until(async () => !(await answered(isTenantActive(services, domain))) || undefined, wait);
      if (!done) throw new Refused(`expected the tenant ${domain} to be inactive within ${limit} s, found it active`);
      this.left = { domain, active: false };
    });
  }
}
