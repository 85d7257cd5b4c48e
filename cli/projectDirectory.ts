import { join } from "node:path";

/** Where Pulumi.yaml is. */
export const projectDirectory = join(__dirname, "..");
