import { roleRecords, roles } from "../../product/roles";
import type { CycleRun } from "./cycleRun";
import { type Step, stepsOf } from "./runSteps";

/** A log-in to the management console at each host name that has one. */
export function consoleSteps(run: CycleRun): Step[] {
  const { need, publication } = run;
  return roles.flatMap((role) => {
    const step = stepsOf("Console", need.balancer(role));
    const hosts = run.consoles(role);
    return hosts.map((host) => {
      const where = hosts.length === 1 ? roleRecords[role].title : `${roleRecords[role].title} ${host}`;
      return step(
        `log in to the console of the ${where} as ${publication.api.provider}`,
        need.database(role, "userdb"),
        () => run.logInToConsole(role, host),
      );
    });
  });
}
