/** `name:tag` as Docker's API wants it. */
export function splitTag(image: string): [repo: string, tag: string] {
  const colon = image.lastIndexOf(":");
  return [image.slice(0, colon), image.slice(colon + 1)];
}
