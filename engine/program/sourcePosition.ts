import * as path from "node:path";
import { fileURLToPath } from "node:url";
import type { SourcePosition } from "@pulumi/pulumi/proto/source_pb";

/** Converts the SDK's source position of a resource to the official engine's form, e.g. `project:///index.ts#12,3`. */
export function recordedPosition(position: SourcePosition | undefined, projectDir: string): string | undefined {
  const uri = position?.getUri() ?? "";
  if (position === undefined || !uri.startsWith("file:///")) return undefined;
  const [line, column] = [position.getLine(), position.getColumn()];
  const file = encodeURI(path.relative(projectDir, fileURLToPath(uri)));
  return `project:///${file}#${line}${column > 0 ? `,${column}` : ""}`;
}
