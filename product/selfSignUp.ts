/**
 * Where the product keeps who may sign up in the Store, and with which account it creates users. Up to 1.8 it is the element
 * `SelfSignUp` of api-manager.xml. Later it is a resource of the registry, which the Publisher and the Store create at
 * their first start, with the account admin and the password admin.
 */
export const selfSignUp = {
  /** Path in the registry. */
  resource: "/_system/governance/apimgt/applicationdata/sign-up-config.xml",
  /** The element of api-manager.xml, where there is one. */
  element: "SelfSignUp",
  /** Child elements of the resource's root. */
  enabled: "EnableSignup",
  user: "AdminUserName",
  password: "AdminPassword",
} as const;
