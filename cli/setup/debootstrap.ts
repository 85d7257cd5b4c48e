import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type Docker from "dockerode";
import { type DebianMirrors, hostMirrors } from "./aptSources";
import { installPackages } from "./dockerEngine";
import { type Host, lastLines, type Report } from "./host";
import { endOf, openWorkplace, type Workplace } from "./workplace";

/** The contents of a locally built image: a minimal Debian of `suite` with the packages in `include`. */
export interface DebianImage {
  readonly suite: "bookworm" | "sid";
  readonly include: readonly string[];
}

/** An image to build, and its tag. */
export interface DebianTarget {
  readonly tag: string;
  readonly local: DebianImage;
}

/** The name and the tag of an image, which the Docker API takes separately. */
export function splitTag(image: string): [name: string, tag: string] {
  const colon = image.lastIndexOf(":");
  return [image.slice(0, colon), image.slice(colon + 1)];
}

const keyring = "/usr/share/keyrings/debian-archive-keyring.gpg";

/** The image's apt sources: the mirrors that the image is built from. */
export function imageSources(suite: DebianImage["suite"], mirrors: DebianMirrors): string {
  const paragraph = (uri: string, suites: string) =>
    `Types: deb\nURIs: ${uri}\nSuites: ${suites}\nComponents: main\nSigned-By: ${keyring}\n`;
  if (suite === "sid") return paragraph(mirrors.main, "sid");
  return `${paragraph(mirrors.main, "bookworm bookworm-updates")}\n${paragraph(mirrors.security, "bookworm-security")}`;
}

/** Files that keep apt in the image small, and keep packages from starting services during a build. */
function imageFiles(suite: DebianImage["suite"], mirrors: DebianMirrors, skipDates: boolean): Record<string, string> {
  const dates = 'Acquire::Check-Valid-Until "false";\nAcquire::Check-Date "false";\n';
  const small = 'APT::Install-Recommends "false";\nAcquire::Languages "none";\nAcquire::GzipIndexes "true";\n';
  return {
    "etc/apt/sources.list.d/debian.sources": imageSources(suite, mirrors),
    "etc/apt/apt.conf.d/90small": `${skipDates || suite === "sid" ? dates : ""}${small}`,
    "etc/dpkg/dpkg.cfg.d/90small": [
      "path-exclude /usr/share/doc/*",
      "path-include /usr/share/doc/*/copyright",
      "path-exclude /usr/share/man/*",
      "path-exclude /usr/share/info/*",
      "path-exclude /usr/share/locale/*",
      "",
    ].join("\n"),
    "usr/sbin/policy-rc.d": "#!/bin/sh\nexit 101\n",
  };
}

/** Files that the image does not need. What apt and dpkg need stays. */
const excluded = [
  "./dev/*",
  "./proc/*",
  "./sys/*",
  "./debootstrap",
  "./var/cache/apt/*",
  "./var/lib/apt/lists/*",
  "./var/log/*.log",
  "./var/log/apt/*",
  "./usr/share/man/*",
  "./usr/share/info/*",
  "./usr/share/locale/*",
  "./etc/apt/sources.list",
  "./etc/resolv.conf",
  "./etc/hostname",
];

async function bootstrap(
  place: Workplace,
  { tag, local: image }: DebianTarget,
  mirrors: DebianMirrors,
): Promise<string> {
  const root = join(place.directory, tag.replace(/\W/g, "-"));
  const child = place.start("debootstrap", [
    "--variant=minbase",
    `--keyring=${keyring}`,
    `--include=${image.include.join(",")}`,
    image.suite,
    root,
    mirrors.main,
  ]);
  const { status, text } = await endOf(child, "all");
  if (status !== 0) {
    throw new Error(
      `debootstrap ${image.suite} from ${mirrors.main} failed with status ${status}. Check that this mirror can be reached ` +
        `and has ${image.suite} with ${image.include.join(", ")}, then run the command again:\n${lastLines(text)}`,
    );
  }
  return root;
}

async function importRoot(docker: Docker, place: Workplace, root: string, tag: string): Promise<void> {
  const exclusions = excluded.map((pattern) => `--exclude=${pattern}`);
  const child = place.start("tar", ["--create", "--numeric-owner", ...exclusions, `--directory=${root}`, "."]);
  const [repo, tagName] = splitTag(tag);
  const packed = endOf(child, "errors");
  const options = { repo, tag: tagName, changes: ['CMD ["bash"]'] };
  const progress = await docker.importImage(child.stdout, options);
  const { status, text } = await packed;
  await new Promise<void>((resolve, reject) => {
    docker.modem.followProgress(progress, (error) => (error ? reject(error) : resolve()));
  });
  if (status !== 0) {
    // Docker creates an image from an incomplete tar archive too.
    await docker.getImage(tag).remove({ force: true });
    throw new Error(
      `${tag}: tar of ${root} failed with status ${status}, the image was not created:\n${lastLines(text)}`,
    );
  }
}

/** Whether apt's date checks are off on this machine, as a mirror frozen at some date requires. */
async function skipsDates(host: Host): Promise<boolean> {
  const { output } = await host.run("apt-config", ["dump"]);
  return /^Acquire::Check-(Valid-Until|Date) "(false|no|0)";$/m.test(output);
}

/**
 * Builds base images from Debian packages, all at the same time, and removes its temporary files.
 * @throws with the last lines of the tool that failed
 */
export async function buildWithDebootstrap(
  docker: Docker,
  host: Host,
  targets: readonly DebianTarget[],
  report: Report,
): Promise<void> {
  if (!host.has("debootstrap") || !host.exists(keyring)) {
    await installPackages(host, ["debootstrap", "debian-archive-keyring"], report);
  }
  const mirrors = hostMirrors();
  const skipDates = await skipsDates(host);
  const place = openWorkplace();
  const started = Date.now();
  try {
    // Waits for all builds even when one fails: none may still write into the directory that is removed next.
    const results = await Promise.allSettled(
      targets.map(async (target) => {
        const { tag, local } = target;
        const root = await bootstrap(place, target, mirrors);
        for (const [name, text] of Object.entries(imageFiles(local.suite, mirrors, skipDates))) {
          mkdirSync(dirname(join(root, name)), { recursive: true });
          writeFileSync(join(root, name), text);
        }
        chmodSync(join(root, "usr/sbin/policy-rc.d"), 0o755);
        await host.run("find", [
          join(root, "usr/share/doc"),
          "-depth",
          "-type",
          "f",
          "!",
          "-name",
          "copyright",
          "-delete",
        ]);
        await importRoot(docker, place, root, tag);
        report(`Base images: ${tag} built in ${Math.round((Date.now() - started) / 1000)} s`);
      }),
    );
    const failed = results.find((result) => result.status === "rejected");
    if (failed) throw failed.reason;
  } finally {
    place.close();
  }
}
