import { errorMessage } from "../errors";
import { parseImageRegistry } from "../settings/imageRegistry";
import { SettingsError } from "../settings/parse";

/** Milliseconds in which a registry must answer. */
const limit = 10_000;

/**
 * Checks that the registry answers, with any status: a login is checked when an image is pushed. Whether the other machines
 * of the swarm reach it is checked with MachineCheck, by pulling an image.
 *
 * @param registry as in the setting `imageRegistry`
 * @throws {SettingsError} when nothing answers, with the remedy
 */
export async function checkRegistry(registry: string): Promise<void> {
  const { scheme, host } = parseImageRegistry(registry);
  try {
    await fetch(`${scheme}${host}/v2/`, { signal: AbortSignal.timeout(limit) });
  } catch (error) {
    const cause = (error as { cause?: unknown }).cause ?? error;
    const tls = scheme === "https://" ? `; if it has no TLS, set wso2-apim:imageRegistry to http://${registry}` : "";
    throw new SettingsError([
      `imageRegistry: expected a registry that answers at ${scheme}${host}/v2/, found: ${errorMessage(cause).trim()}; start it, or set wso2-apim:imageRegistry${tls}`,
    ]);
  }
}
