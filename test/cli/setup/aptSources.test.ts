import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { debianMirrors, hostMirrors } from "../../../cli/setup/aptSources";
import { imageSources } from "../../../cli/setup/debootstrap";

const given = "http://given.example/debian";
const ofGiven = { main: given, security: "http://given.example/debian-security" };

describe("Debian mirrors for the base images", () => {
  it("are read from one-line sources, without comments, options and other repositories", () => {
    const text = [
      "# deb http://old.example/debian bookworm main",
      "deb-src http://src.example/debian bookworm main",
      "deb [arch=amd64] https://other.example/apt stable-of-theirs main",
      "deb [signed-by=/a.gpg arch=amd64] http://mirror.example/debian/ bookworm main contrib",
      "deb http://mirror.example/security bookworm-security main",
    ].join("\n");
    assert.deepEqual(debianMirrors([{ name: "sources.list", text }], "bookworm"), {
      main: "http://mirror.example/debian",
      security: "http://mirror.example/security",
    });
  });

  it("are read from deb822 sources with folded lines and disabled paragraphs", () => {
    const text = [
      "Types: deb",
      "Enabled: no",
      "URIs: http://disabled.example/debian",
      "Suites: trixie",
      "",
      "# a comment",
      "Types: deb deb-src",
      "URIs:",
      "  http://mirror.example/debian",
      "# http://commented.example/debian",
      "Suites: trixie",
      "  trixie-updates",
      "Components: main",
      "",
      "Types: deb",
      "URIs: http://mirror.example/debian-security/",
      "Suites: trixie-security",
      "Components: main",
    ].join("\n");
    assert.deepEqual(debianMirrors([{ name: "debian.sources", text }], "trixie"), {
      main: "http://mirror.example/debian",
      security: "http://mirror.example/debian-security",
    });
  });

  for (const uri of [
    "https://user:secret@mirror.example/debian",
    "mirror+file:/etc/apt/mirrors/debian.list",
    "cdrom:[x]/",
  ]) {
    it(`are the given mirror if the only source is ${uri.replace("secret", "...")}, which an image can't use`, () => {
      assert.deepEqual(
        debianMirrors([{ name: "sources.list", text: `deb ${uri} bookworm main` }], "bookworm", given),
        ofGiven,
      );
    });
  }

  it("are the given mirror on a machine without Debian; without a given mirror, the error names the variable", () => {
    const text = "deb http://ubuntu.example/ubuntu noble main";
    assert.deepEqual(debianMirrors([{ name: "sources.list", text }], undefined, given), ofGiven);
    assert.throws(() => debianMirrors([{ name: "sources.list", text }], undefined), /Set APIM_DEBIAN_MIRROR/);
    const root = mkdtempSync(join(tmpdir(), "apim-apt-"));
    try {
      assert.deepEqual(hostMirrors(root, { APIM_DEBIAN_MIRROR: given }), ofGiven);
      mkdirSync(join(root, "etc/apt/sources.list.d"), { recursive: true });
      writeFileSync(join(root, "etc/apt/sources.list.d/a.list"), "deb http://m.example/debian bookworm main\n");
      writeFileSync(join(root, "etc/os-release"), "ID=ubuntu\nVERSION_CODENAME=bookworm\n");
      assert.deepEqual(hostMirrors(root, { APIM_DEBIAN_MIRROR: given }), ofGiven);
      writeFileSync(join(root, "etc/os-release"), "ID=debian\nVERSION_CODENAME=bookworm\n");
      assert.equal(hostMirrors(root, {}).main, "http://m.example/debian");
    } finally {
      rmSync(root, { recursive: true });
    }
  });

  it("become the image's own apt sources", () => {
    const mirrors = { main: "http://m.example/debian", security: "http://m.example/security" };
    assert.deepEqual(
      debianMirrors([{ name: "x.sources", text: imageSources("bookworm", mirrors) }], "bookworm"),
      mirrors,
    );
    assert.match(imageSources("sid", mirrors), /^Suites: sid$/m);
  });
});
