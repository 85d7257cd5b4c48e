import type { Checkpoint, Recorded } from "../backend/checkpoint";
import type { Crypter } from "../backend/crypto";
import type { StateFile } from "../backend/stateFile";
import { fromState, isEmpty, type Props, toState } from "../values";

/**
 * Writes a state with its secrets encrypted by another key.
 *
 * @param before decrypts the secrets; undefined if they are in plain text
 * @param after encrypts them. Ciphertexts stay the same if it is the same key
 */
export async function writeEncrypted(
  file: StateFile,
  { resources, pending }: Pick<Checkpoint, "resources" | "pending">,
  before: Crypter | undefined,
  after: Crypter,
): Promise<void> {
  const encrypted = (props: Recorded["inputs"]) => {
    if (isEmpty(props)) return undefined;
    return toState(fromState(props as Props, before, before === after), (plain) => after.encrypt(plain));
  };
  const convert = ({ inputs, outputs, ...state }: Recorded) => ({
    ...state,
    inputs: encrypted(inputs),
    outputs: encrypted(outputs),
  });
  await file.write(
    resources.map((state) => JSON.stringify(convert(state))),
    pending.map(({ resource, type }) => JSON.stringify({ resource: convert(resource), type })),
    after.salt,
  );
}
