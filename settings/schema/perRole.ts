import { type ConfigurationFile, configurationFiles } from "../../product/files";
import { type Call, type Role, type RoleRecord, roleRecords, roles } from "../../product/roles";
import type { Changes } from "./describe";

/** One setting for each role, e.g. `storeReplicas` for the suffix `Replicas`. */
export function perRole<const Suffix extends string, Setting>(
  suffix: Suffix,
  setting: (record: RoleRecord<Role>, role: Role) => Setting,
): { readonly [Name in `${Role}${Suffix}`]: Setting } {
  const entries = roles.map((role) => [`${role}${suffix}`, setting(roleRecords[role], role)]);
  return Object.fromEntries(entries) as { readonly [Name in `${Role}${Suffix}`]: Setting };
}

/** The titles of the roles that have a property, e.g. `Key Manager, Store`; `all roles` when no role lacks it. */
export function rolesWith(has: (record: RoleRecord<Role>) => unknown): string {
  const records = roles.map((role) => roleRecords[role]);
  const found = records.filter(has);
  return found.length === records.length ? "all roles" : found.map(({ title }) => title).join(", ");
}

/** The elements that hold the host name of a role. */
export function hostChanges(role: Role): Changes {
  const { title, files, databases, servesApis, servesThrift } = roleRecords[role];
  const has = (file: ConfigurationFile, text: string): Changes => (files.includes(file) ? { [file]: text } : {});
  const registry = databases.always.includes("regdb") ? "" : ", with `multiTenancy`";
  const environments = rolesWith(({ calls }) => calls.some(({ eachEnvironment }) => eachEnvironment));
  return merged([
    has("carbon", `\`HostName\`, \`MgtHostName\` on ${title}`),
    has("registry", `\`remoteInstance\` on ${title}${registry}`),
    has("identity", `addresses of \`https://localhost:9443\` on ${title}`),
    ...callsTo(role, ({ port }) => port !== "thrift"),
    servesThrift ? { apiManager: "`ThriftServerHost` on all roles" } : {},
    servesApis ? { apiManager: `\`GatewayEndpoint\` on ${environments}` } : {},
    ...linksTo(role),
  ]);
}

/** The elements that hold a port of a role. */
export function offsetChanges(role: Role): Changes {
  const offset = { carbon: `\`Ports/Offset\` on ${roleRecords[role].title}` };
  return merged([offset, ...callsTo(role, () => true)]);
}

function callsTo(role: Role, has: (call: Call) => boolean): Changes[] {
  const calls = roles.flatMap((from) => roleRecords[from].calls.filter((call) => call.to === role && has(call)));
  const elements = new Map(calls.map(({ element, file }) => [element, file]));
  return [...elements].map(([element, file]) => {
    const callers = rolesWith((record) => record.calls.some((call) => call.element === element));
    return { [file]: `\`${element.replace(/\[.*\]/, "")}\` on ${callers}` };
  });
}

function linksTo(role: Role): Changes[] {
  return roles.flatMap((from) =>
    (roleRecords[from].linksTo ?? [])
      .filter(({ to }) => to === role)
      .map(({ element }) => ({ apiManager: `\`${element}/URL\` on ${roleRecords[from].title}` })),
  );
}

function merged(all: readonly Changes[]): Changes {
  const files = Object.keys(configurationFiles) as ConfigurationFile[];
  const entries = files.map((file) => [file, all.flatMap((changes) => changes[file] ?? []).join("; ")]);
  return Object.fromEntries(entries.filter(([, text]) => text !== ""));
}
