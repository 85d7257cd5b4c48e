import { callService, type ServiceServer } from "./soap";

/** Removes a user from the user store. @throws as {@link callService}, also when there is no such user */
export async function removeUser(server: ServiceServer, userName: string): Promise<void> {
  await callService(server, {
    service: "UserAdmin",
    operation: "deleteUser",
    // The service is declared without a namespace of its own, so that Axis2 gives it this one.
    namespace: "http://org.apache.axis2/xsd",
    parameters: { userName },
  });
}
