// Where the worker's code lies: beside the agent's one file (scripts/build.mjs), or, in the package and in a checkout,
// beside this one.

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const PLACES = ["./event-worker.mjs", "./worker.js", "./worker.ts"];

export function workerFile(): URL {
  const file = PLACES.map((place) => new URL(place, import.meta.url)).find((url) =>
    existsSync(fileURLToPath(url)),
  );
  assert(file, "the event worker is not beside the agent: the build is not whole");
  return file;
}
