/** The parts of the setting `imageRegistry`, e.g. `http://registry.example.com:5000/apim`. */
export interface ImageRegistry {
  /** `http://` for a registry without TLS, else `https://`. */
  readonly scheme: "http://" | "https://";
  /** E.g. `registry.example.com:5000`. */
  readonly host: string;
  /** What the names of its images begin with, e.g. `registry.example.com:5000/apim`. */
  readonly prefix: string;
}

export function parseImageRegistry(setting: string): ImageRegistry {
  const plain = "http://";
  const prefix = setting.startsWith(plain) ? setting.slice(plain.length) : setting;
  const [host = ""] = prefix.split("/");
  return { scheme: setting.startsWith(plain) ? plain : "https://", host, prefix };
}
