import type { Checkpoint, Recorded } from "../backend/checkpoint";
import type { Crypter } from "../backend/crypto";
import type { StateFile } from "../backend/stateFile";
import { fromState, isEmpty, type Props, toState } from "../values";

/** A state with the inputs and outputs of every resource changed; those that are missing or empty are left out. */
export function withProps(
  { resources, pending }: Pick<Checkpoint, "resources" | "pending">,
  change: (props: Props) => Props,
): Pick<Checkpoint, "resources" | "pending"> {
  const changed = (props: Recorded["inputs"]) =>
    isEmpty(props) ? undefined : (change(props as Props) as Recorded["inputs"]);
  const convert = ({ inputs, outputs, ...state }: Recorded): Recorded =>
    ({ ...state, inputs: changed(inputs), outputs: changed(outputs) }) as Recorded;
  return {
    resources: resources.map(convert),
    pending: pending.map(({ resource, type }) => ({ resource: convert(resource), type })),
  };
}

/**
 * Writes a state with its secrets encrypted by another key.
 *
 * @param before decrypts the secrets; undefined if they are in plain text
 * @param after encrypts them. Ciphertexts stay the same if it is the same key
 */
export async function writeEncrypted(
  file: StateFile,
  state: Pick<Checkpoint, "resources" | "pending">,
  before: Crypter | undefined,
  after: Crypter,
): Promise<void> {
  const encrypt = (plain: string) => after.encrypt(plain);
  const { resources, pending } = withProps(
    state,
    (props) => toState(fromState(props, before, before === after), encrypt) as Props,
  );
  const text = (value: object) => JSON.stringify(value);
  await file.write(resources.map(text), pending.map(text), after.salt);
}
