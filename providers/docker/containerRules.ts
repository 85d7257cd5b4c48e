/** Rules for containers that go across fields. */

import type { Inputs } from "./containerState";

export function checkContainer(inputs: Inputs): (readonly [property: string, why: string])[] {
  const { uploads = [], networksAdvanced = [], networkMode = "bridge", wait, start } = inputs;
  const failures: [property: string, why: string][] = [];
  uploads.forEach((upload, index) => {
    const given = (["content", "contentBase64", "source"] as const).filter((key) => upload[key] !== undefined);
    const why = `${upload.file}: expected one of content, contentBase64, source; found ${given.join(" and ") || "none"}`;
    if (given.length !== 1) failures.push([`uploads[${index}]`, why]);
  });
  if (wait === true && start === false)
    failures.push(["wait", "expected start: true with wait: true; a container that is not started never gets healthy"]);
  if (networksAdvanced.length > 0 && ["host", "none"].includes(networkMode))
    failures.push(["networksAdvanced", `expected networkMode bridge with it, found ${networkMode}`]);
  return failures;
}
