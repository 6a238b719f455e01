// One seed for every property test, so that a run is the same on each machine and a red one stays red. PISTON_SEED=random (or a number)
// explores; the seed is printed with a failure, and what it finds is kept as a named case.

import fc from "fast-check";

const FIXED_SEED = 20_261_122;

const given = process.env.PISTON_SEED;
if (given !== "random") fc.configureGlobal({ seed: given === undefined ? FIXED_SEED : Number(given) });
