import type { Pool } from "mysql2/promise";
import type { Role } from "../../product/roles";
import { consoleHandler } from "../console";
import type { Context } from "../context";
import { seedUsers } from "../data/users";
import type { Service } from "../services";
import { gatewayParts } from "./gateway";
import { isUser, keyManagerParts } from "./keyManager";
import type { RoleParts } from "./parts";
import { publisherParts } from "./publisher";
import { userServices } from "./selfSignUp";
import { storeParts } from "./store";
import { standInRoles } from "./table";
import { tenantManagement } from "./tenantManagement";

const partsOf: Readonly<Record<Role, (context: Context) => RoleParts>> = {
  keyManager: keyManagerParts,
  gateway: gatewayParts,
  publisher: publisherParts,
  store: storeParts,
};

/** The parts of a server: those that every server has, then those of the roles whose work it does. */
export function serverParts(context: Context): Required<RoleParts> {
  const parts = standInRoles[context.configuration.role].does.map((role) => partsOf[role](context));
  return {
    management: [
      ...parts.flatMap(({ management }) => management ?? []),
      consoleHandler(context, {
        compiles: context.compilesPages,
        isUser: (credentials) => isUser(context, credentials),
      }),
    ],
    traffic: parts.flatMap(({ traffic }) => traffic ?? []),
    services: [
      authentication(context),
      tenantManagement(context),
      ...userServices(userStore(context)),
      ...parts.flatMap(({ services }) => services ?? []),
    ],
    validateKey: async (request) => parts.find(({ validateKey }) => validateKey !== undefined)?.validateKey?.(request),
    seed: async () => {
      await seedUserStore(context);
      for (const { seed } of parts) {
        await seed?.();
      }
    },
  };
}

/** Every profile has this service: the web applications call it to check a user's password. */
function authentication(context: Context): Service {
  return {
    name: "AuthenticationAdmin",
    operations: {
      login: async ({ user, password }) => isUser(context, { user: `${user}`, password: `${password}` }),
    },
  };
}

function userStore({ configuration, databases }: Context): () => Pool {
  return () => databases.pool(configuration.userManagement.dataSource);
}

async function seedUserStore({ configuration, databases, log }: Context): Promise<void> {
  const { userManagement } = configuration;
  if (!databases.sources.some(({ jndiName }) => jndiName === userManagement.dataSource)) {
    return;
  }
  if (!(await seedUsers(databases.pool(userManagement.dataSource), userManagement))) {
    log.warn(
      `user-mgt.xml: AdminUser/Password differs from the password of ${userManagement.adminUser} that the user store has kept since the first start; the product would refuse it`,
    );
  }
}
