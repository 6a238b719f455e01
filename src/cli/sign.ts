// piston sign: the detached signature of a bundle, written beside it.

import { writeFileSync } from "node:fs";
import { readBundle } from "../bundle/format.ts";
import { signBundle } from "../bundle/sign.ts";
import { defineCommand, readFileOrSay, UsageError } from "./command.ts";

export default defineCommand({
  summary: "Sign a bundle with an Ed25519 key",
  positionals: ["BUNDLE"],
  options: {
    key: { type: "string", short: "k", value: "PATH", help: "private key, PEM (piston keygen)" },
    output: {
      type: "string",
      short: "o",
      value: "PATH",
      help: "where to write; BUNDLE.sig where it is missing",
    },
    json: { type: "boolean", help: "print one JSON document" },
  },
  notes: "The bundle is verified first: what is broken is not signed.",
  async run({ key, output, json }, [path]) {
    if (key === undefined) throw new UsageError("--key is missing");
    const bundle = readBundle(readFileOrSay(path!));
    const signature = output ?? `${path}.sig`;
    writeFileSync(signature, signBundle(bundle, readFileOrSay(key).toString("utf8")));
    process.stdout.write(
      json
        ? `${JSON.stringify({ bundleDigest: bundle.digest, signature })}\n`
        : `${signature}  signature of ${bundle.digest}\n`,
    );
    return 0;
  },
});
