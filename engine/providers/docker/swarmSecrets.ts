import { withoutSecrets } from "./containerSecrets";

/** The contents of the Swarm secrets that the program registered in this run, for errors that quote logs of tasks. */
export class SwarmSecrets {
  private readonly contents = new Set<string>();

  remember(contentBase64: string): void {
    this.contents.add(contentBase64);
  }

  readonly redact = (text: string): string =>
    withoutSecrets(text, { uploads: [...this.contents].map((contentBase64) => ({ file: "", contentBase64 })) });
}
