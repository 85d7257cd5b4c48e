import { basename, dirname } from "node:path";
import { consoleLog } from "./log";
import { startNode } from "./node";

/** Seconds for the databases to answer, unless START_LIMIT_SECONDS says otherwise; then the server ends, so that a restart policy tries again. */
const defaultStartLimit = 120;
/** Milliseconds for a stop; what is still open then is cut. */
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
  log.info(`stand-in starts from ${carbonHome} with profile ${profile}`);
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
  process.stdout.write(`${new Date().toISOString()} ERROR ${error instanceof Error ? error.message : error}\n`);
  process.exit(1);
});
