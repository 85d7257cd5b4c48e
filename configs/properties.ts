/**
 * Sets values in the text of a Java properties file: the lines that set them are replaced where they are, missing ones are
 * added at the end, all others stay.
 */
export function setProperties(text: string, values: Readonly<Record<string, string | number>>): string {
  const lineBreak = text.includes("\r\n") ? "\r\n" : "\n";
  const lines = text === "" ? [] : text.replace(/\r?\n$/, "").split(/\r?\n/);
  const missing = new Map(Object.entries(values));
  const changed = lines.map((line) => {
    const key = /^\s*([^#!\s=:][^\s=:]*)\s*[=:]/.exec(line)?.[1];
    const value = key === undefined ? undefined : values[key];
    if (key === undefined || value === undefined) return line;
    missing.delete(key);
    return line.replace(/[=:].*$/, `=${value}`);
  });
  const added = [...missing].map(([key, value]) => `${key}=${value}`);
  return [...changed, ...added].map((line) => line + lineBreak).join("");
}
