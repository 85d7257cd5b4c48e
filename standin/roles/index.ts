import type { Context } from "../context";
import { seedUsers } from "../data/users";
import type { Service } from "../services";
import { gatewayParts } from "./gateway";
import { isUser, keyManagerParts } from "./keyManager";
import type { RoleParts } from "./parts";
import { publisherHandler } from "./publisher";
import { storeParts } from "./store";

/** The parts of this server's role; a server without a profile has all. */
export function roleParts(context: Context): RoleParts {
  const { role } = context.configuration;
  const isRole = (one: string): boolean => role === one || role === "default";
  const keyManager = keyManagerParts(context);
  const gateway = isRole("gateway") ? gatewayParts(context) : undefined;
  const store = isRole("store") ? storeParts(context) : undefined;
  return {
    management: [
      ...(isRole("keyManager") ? keyManager.management : []),
      ...(isRole("publisher") ? [publisherHandler(context)] : []),
      ...(store ? [store.handler] : []),
    ],
    traffic: gateway?.traffic ?? [],
    services: [authentication(context), ...keyManager.services, ...(gateway?.services ?? [])],
    validateKey: keyManager.validateKey,
    seed: async () => {
      await seedUserStore(context);
      await store?.warmUp();
    },
  };
}

/** On every profile: who logs in elsewhere asks here whether a password is right. */
function authentication(context: Context): Service {
  return {
    name: "AuthenticationAdmin",
    roles: ["keyManager", "gateway", "publisher", "store"],
    operations: {
      login: async ({ user, password }) => isUser(context, { user: `${user}`, password: `${password}` }),
    },
  };
}

async function seedUserStore({ configuration, databases, log }: Context): Promise<void> {
  const { userManagement } = configuration;
  if (!databases.sources.some(({ jndiName }) => jndiName === userManagement.dataSource)) {
    return;
  }
  if (!(await seedUsers(databases.pool(userManagement.dataSource), userManagement))) {
    log.warn(
      `user-mgt.xml: the password of ${userManagement.adminUser} is not the one that the user store has since its first start; the product would refuse it`,
    );
  }
}
