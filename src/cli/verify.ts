// piston verify: is this bundle whole, and signed by somebody whom we trust?

import { readBundleFrom } from "../bundle/read-bundle-from.ts";
import { verifySignature } from "../bundle/sign.ts";
import { defineCommand, readFileOrSay, UsageError } from "./command.ts";

export default defineCommand({
  summary: "Verify a bundle and its signature, as the agent does",
  positionals: ["BUNDLE"],
  options: {
    trust: { type: "string", value: "PATH", multiple: true, help: "public key, PEM" },
    "allow-unsigned": { type: "boolean", help: "do not ask for a signature" },
    json: { type: "boolean", help: "print one JSON document" },
  },
  notes: "BUNDLE is a file, a directory with one *.bundle, or a directory of shards.",
  async run({ trust, "allow-unsigned": allowUnsigned, json }, [path]) {
    if (trust.length === 0 && !allowUnsigned)
      throw new UsageError("give --trust, or --allow-unsigned in plain words");
    const { bundle, envelope } = await readBundleFrom(path!);
    const keys = trust.map((key) => readFileOrSay(key).toString("utf8"));
    const keyid = keys.length === 0 ? null : verifySignature(bundle, envelope, keys);
    const { fleet, revision } = bundle.manifest;
    process.stdout.write(
      json
        ? `${JSON.stringify({ bundleDigest: bundle.digest, generation: bundle.generation, fleet: fleet.name, revision, keyid })}\n`
        : `${bundle.digest}  fleet ${fleet.name}, ${keyid === null ? "signature not asked for" : `signed by ${keyid}`}\n`,
    );
    return 0;
  },
});
