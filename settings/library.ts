import { join } from "node:path";

/** The directory of this project: where its own files are, in whichever program it is used. */
export const libraryDirectory = join(__dirname, "..");
