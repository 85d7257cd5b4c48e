import { Refused } from "./answers";
import type { ApiName, Store } from "./product";
import { type Limits, until, waiting } from "./waiting";

/**
 * Waits until the Store's list has an API.
 * @param tenant the domain of the API's tenant. @default the super tenant
 * @throws Refused at the time limit
 */
export async function findInStore(
  store: Store,
  { name, version }: ApiName,
  { limits, signal }: { readonly limits: Limits; readonly signal: AbortSignal },
  progress: (text: string) => void,
  tenant?: string,
): Promise<void> {
  const limit = limits.listing;
  const found = await until(
    async () => (await store.publishedApis(tenant)).find((one) => one.name === name && one.version === version),
    waiting(limit, signal, (seconds) =>
      progress(`the Store's list does not have the API yet: ${seconds} s of at most ${limit} s`),
    ),
  );
  if (!found) throw new Refused(`expected ${name} ${version} in the Store's list within ${limit} s, found no such API`);
}
