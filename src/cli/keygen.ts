// piston keygen: an Ed25519 key pair, the private key readable by its owner alone.

import { writeFileSync } from "node:fs";
import { generateKeys } from "../bundle/sign.ts";
import { CommandError, defineCommand } from "./command.ts";

export default defineCommand({
  summary: "Make an Ed25519 key pair for signing bundles",
  positionals: [],
  options: {
    output: {
      type: "string",
      short: "o",
      value: "NAME",
      default: "pistonprotection",
      help: "writes NAME.key and NAME.pub",
    },
    json: { type: "boolean", help: "print one JSON document" },
  },
  notes:
    "NAME.key signs: keep it out of Git. NAME.pub is what agents trust (piston node --trust).\nNever overwrites a file.",
  async run({ output, json }) {
    const { privateKeyPem, publicKeyPem, keyid } = generateKeys();
    const privateKey = `${output}.key`;
    const publicKey = `${output}.pub`;
    create(privateKey, privateKeyPem, 0o600);
    create(publicKey, publicKeyPem, 0o644);
    process.stdout.write(
      json
        ? `${JSON.stringify({ privateKey, publicKey, keyid })}\n`
        : `${privateKey}  private key, for piston sign --key\n${publicKey}  public key, for piston node --trust (key id ${keyid})\n`,
    );
    return 0;
  },
});

function create(path: string, text: string, mode: number): void {
  try {
    writeFileSync(path, text, { mode, flag: "wx" });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST")
      throw new CommandError(`${path} exists, and a key is never overwritten`, "choose another --output");
    throw error;
  }
}
