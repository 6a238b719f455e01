/** Text by file name, beside generate.mjs. */
export function generate(): Promise<ReadonlyMap<string, string>>;
