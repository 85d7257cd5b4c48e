import type { Encoding } from "../xml/encoding";

/** A configuration file of one node. Its secrets are `{{secret:NAME}}` until `fillSecrets` (secrets.ts). */
export interface RenderedFile {
  /** Below APIM_HOME. */
  readonly path: string;
  readonly text: string;
  /** The stock file's own encoding, in which the bytes are written. */
  readonly encoding: Encoding;
}
