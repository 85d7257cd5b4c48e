import { readFileSync } from "node:fs";
import * as path from "node:path";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { pack } from "tar-stream";
import { splitTag } from "../../../cli/setup/debootstrap";
import { debianPackage } from "./debianPackage";
import { finished, type Machine } from "./machine";

const programs = ["sh", "cat", "hostname", "httpd", "nslookup", "sleep", "wget"];

/** Makes an image of 2 MB on a machine: Debian's busybox as the programs of a shell and a web server, with files in /www. */
export async function importTinyImage({ docker }: Machine, name: string): Promise<void> {
  const busybox = readFileSync(path.join(await debianPackage("busybox-static"), "bin/busybox"));
  const archive = pack();
  for (const directory of ["bin", "etc", "proc", "sys", "dev", "tmp", "www"])
    archive.entry({ name: directory, type: "directory", mode: 0o755 });
  archive.entry({ name: "bin/busybox", mode: 0o755 }, busybox);
  for (const program of programs) archive.entry({ name: `bin/${program}`, type: "symlink", linkname: "busybox" });
  archive.finalize();
  const [repo, tag] = splitTag(name);
  const stream = Readable.from([await buffer(archive)]);
  await finished(docker, await docker.importImage(stream, { repo, tag, changes: ['CMD ["sh"]'] }));
}
