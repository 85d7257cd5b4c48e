import type { Pool } from "mysql2/promise";
import { selfSignUp } from "../../product/selfSignUp";
import { Cache } from "../cache";
import { childrenOf, find, textAt } from "../configuration/xml";
import type { Context } from "../context";
import { addUser, assignRole, removeUser } from "../data/newUsers";
import { type Registry, registries } from "../data/registry";
import { describe, describeFully } from "../errors";
import { formOf, type Handler, json } from "../http";
import type { Log } from "../log";
import { escapeHtml } from "../pages";
import { callService, loginTarget } from "../serviceClient";
import type { Service } from "../services";
import { rootOf } from "../soap";

/** What the product writes at the first start, whatever the administrator's password is. */
const initial = `<SelfSignUp>
  <EnableSignup>true</EnableSignup>
  <SignUpDomain>PRIMARY</SignUpDomain>
  <AdminUserName>admin</AdminUserName>
  <AdminPassword>admin</AdminPassword>
  <SignUpRoles>
    <SignUpRole>
      <RoleName>subscriber</RoleName>
      <IsExternalRole>false</IsExternalRole>
    </SignUpRole>
  </SignUpRoles>
</SelfSignUp>
`;

/** Writes the registry's resource at the first start. A registry that can't be written does not stop the server. */
export async function seedSelfSignUp(shared: Registry, log: Log): Promise<void> {
  try {
    if ((await shared.get(selfSignUp.resource)) === undefined) {
      await shared.put(selfSignUp.resource, initial, "wso2.system.user");
    }
  } catch (error) {
    log.warn(`${selfSignUp.resource}: ${describe(error)}`);
  }
}

/** The registry's management service: texts of resources. */
export function resourceService(shared: Registry, user: string): Service {
  const textOf = async (path: string): Promise<string> => {
    const text = await shared.get(path);
    if (text === undefined) {
      throw new Error(
        `Could not get the content of the resource ${path}. Caused by: Resource does not exist at path ${path}`,
      );
    }
    return text;
  };
  return {
    name: "ResourceAdminService",
    operations: {},
    soap: {
      namespace: "http://services.resource.registry.carbon.wso2.org",
      operations: {
        getTextContent: async (input) => escapeHtml(await textOf(textAt(input, "path") ?? "")),
        updateTextContent: async (input) => {
          const path = textAt(input, "resourcePath") ?? "";
          await textOf(path);
          await shared.put(path, find(input, "contentText")?.text ?? "", user);
          return "true";
        },
      },
    },
  };
}

/** The services with which the Store creates users; every profile has them. */
export function userServices(pool: () => Pool): Service[] {
  return [
    {
      name: "UserRegistrationAdminService",
      operations: {
        addUser: async ({ user, password }) => addUser(pool(), { user: `${user}`, password: `${password}` }),
      },
    },
    {
      name: "UserAdmin",
      operations: { updateRolesOfUser: async ({ user, role }) => assignRole(pool(), `${user}`, `${role}`) },
      soap: {
        namespace: "http://org.apache.axis2/xsd",
        operations: {
          deleteUser: async (input) => {
            await removeUser(pool(), textAt(input, "userName") ?? "");
            return "";
          },
        },
      },
    },
  ];
}

interface SignUp {
  readonly enabled: boolean;
  readonly user: string;
  readonly password: string;
  readonly roles: readonly string[];
}

const page = "/store/site/pages/sign-up.jag";
const action = "/store/site/blocks/user/sign-up/ajax/user-add.jag";
/** The user's details that the page asks for. */
const details = ["First Name", "Last Name", "Email"];

/** The Store's page for new users, and its action. Like the product, the Store keeps what it has read for 15 minutes. */
export function signUpHandler(context: Context): Handler {
  const shared = registries(context)();
  const known = new Cache<SignUp>();
  const read = async (): Promise<SignUp> => {
    const found = known.get("") ?? signUpOf((await shared.get(selfSignUp.resource)) ?? "");
    known.set("", found);
    return found;
  };

  const signUp = async (fields: URLSearchParams): Promise<void> => {
    const { enabled, user, password, roles } = await read();
    if (!enabled) {
      throw new Error("Self sign up has been disabled for this tenant domain");
    }
    const [name, secret] = [fields.get("username") ?? "", fields.get("password") ?? ""];
    if (name === "" || secret === "") {
      throw new Error("username and password: expected both, found an empty one");
    }
    const count = (fields.get("allFieldsValues") ?? "").split("|").length;
    if (count !== details.length) {
      throw new Error(`allFieldsValues: expected ${details.length} values, found ${count}`);
    }
    const target = loginTarget(context.configuration);
    await callService(context.caller, target, "UserRegistrationAdminService/addUser", { user: name, password: secret });
    // With the account of the resource, not with that of api-manager.xml.
    const asConfigured = { ...target, service: { ...target.service, user, password } };
    for (const role of roles) {
      await callService(context.caller, asConfigured, "UserAdmin/updateRolesOfUser", { user: name, role });
    }
  };

  return async (request) => {
    if (request.path === page && request.method === "GET") {
      return { status: 200, headers: { "content-type": "text/html; charset=utf-8" }, body: form() };
    }
    if (request.path !== action || request.method !== "POST") {
      return undefined;
    }
    try {
      await signUp(formOf(request));
      return json({ error: false, showWorkflowTip: false });
    } catch (error) {
      const message = describeFully(error);
      context.log.warn(`${action}: ${message}`);
      return json({ error: true, message });
    }
  };
}

function form(): string {
  const fields = details.map((label, index) => {
    const name = `${index}.0cliamUri`;
    return `<label for="${name}">${label}</label><input type="text" id="${name}" name="${name}">`;
  });
  return `<!doctype html><html lang="en"><body><form id="sign-up">
<input type="text" name="newUsername"><input type="password" name="newPassword">${fields.join("")}
<input type="hidden" name="fieldCount" value="${details.length}.0"></form></body></html>
`;
}

/** @throws when an element is missing */
function signUpOf(text: string): SignUp {
  const root = rootOf(text);
  const value = (name: string): string => {
    const found = textAt(root, name);
    if (found === undefined) {
      throw new Error(`${selfSignUp.resource}: ${name} is missing`);
    }
    return found;
  };
  const roles = find(root, "SignUpRoles") ?? root;
  return {
    enabled: value(selfSignUp.enabled) === "true",
    user: value(selfSignUp.user),
    password: value(selfSignUp.password),
    roles: childrenOf(roles, "SignUpRole").flatMap((role) => textAt(role, "RoleName") ?? []),
  };
}
