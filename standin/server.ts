import { basename, dirname } from "node:path";
import { errorMessage } from "./errors";
import { consoleLog } from "./log";
import { startNode } from "./node";

/**
 * Seconds in which the databases must answer. After that the server exits, so that a restart policy starts it again.
 * START_LIMIT_SECONDS overrides it.
 */
const defaultStartLimit = 120;
/** Milliseconds after which a stop exits even if connections are open. */
const stopLimit = 1500;

async function main(): Promise<void> {
  const carbonHome = process.env.CARBON_HOME;
  if (carbonHome === undefined || carbonHome === "") {
    throw new Error("CARBON_HOME is not set: expected the directory that holds repository/conf");
  }
  const startLimit = Number(process.env.START_LIMIT_SECONDS ?? defaultStartLimit);
  if (!(startLimit > 0)) {
    throw new Error(`START_LIMIT_SECONDS: expected seconds above 0, found "${process.env.START_LIMIT_SECONDS}"`);
  }
  const profile = process.argv.find((one) => one.startsWith("-Dprofile="))?.slice("-Dprofile=".length) ?? "default";
  const log = consoleLog(basename(dirname(carbonHome)));
  log.info(`starting the stand-in from ${carbonHome} with profile ${profile}`);
  const node = await startNode({ carbonHome, profile, log, startLimit });
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.once(signal, () => {
      log.info(`${signal}: stopping`);
      setTimeout(() => process.exit(0), stopLimit).unref();
      node.stop().then(
        () => process.exit(0),
        () => process.exit(0),
      );
    });
  }
  await node.started;
}

main().catch((error: unknown) => {
  process.stdout.write(`${new Date().toISOString()} ERROR ${errorMessage(error)}\n`);
  process.exit(1);
});
