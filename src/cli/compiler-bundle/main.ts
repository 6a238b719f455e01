// The one file of `piston check` and `piston synth`, run.

import { compiler } from "./code.ts";

await compiler().run(process.argv.slice(2));
