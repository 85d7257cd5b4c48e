import { parseArgs } from "node:util";
import type { Prepare } from "../cli/command";
import { table } from "../cli/text";
import { measureEngine } from "./bench/engine";
import type { Figure } from "./bench/figure";
import { measurePreview } from "./bench/preview";
import { measureRendering } from "./bench/rendering";
import { measureUp } from "./bench/up";

export const help = `Usage: npm run bench -- [--rounds N] [--json]

Measures, on its own stack, which it removes again: an up from nothing, compared with the same containers started by
docker run; a preview without changes, and its parts; rendering all files of all nodes; the embedded engine alone, with
few resources and with a thousand. Times depend on the machine, so compare ratios within one run.

      --rounds N  rounds of up and docker run, 1 to 10; default 2
      --json      print the figures as JSON`;

export async function run(args: string[], prepare: Prepare): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      rounds: { type: "string", default: "2" },
      json: { type: "boolean" },
    },
  });
  const rounds = Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1 || rounds > 10) {
    throw new Error(`--rounds: expected 1 to 10, found "${values.rounds}"`);
  }
  await prepare();
  const figures = [
    ...(await measureEngine()),
    ...(await measureRendering()),
    ...(await measureUp(rounds, measurePreview)),
  ];
  if (values.json) console.log(JSON.stringify(figures, null, 2));
  else print(figures);
  return figures.every(isGood) ? 0 : 1;
}

function isGood({ value, limit }: Figure): boolean {
  return limit === undefined || value <= limit;
}

function print(figures: readonly Figure[]): void {
  const rounded = (value: number, unit: Figure["unit"]) =>
    `${value.toFixed(unit === "ms" || unit === "MiB" ? 0 : 2)} ${unit}`;
  console.log(
    table([
      ["FIGURE", "VALUE", "LIMIT", "", "DETAIL"],
      ...figures.map((figure) => [
        figure.name,
        rounded(figure.value, figure.unit),
        figure.limit === undefined ? "-" : rounded(figure.limit, figure.unit),
        isGood(figure) ? "ok" : "OVER",
        figure.detail,
      ]),
    ]),
  );
}
