// The bundle path to a verified bundle: read, whole, and signed by a trusted key, or refused with the part that is wrong.

import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import {
  type Bundle,
  BundleError,
  type IsKnown,
  readBundleFrom,
  verifySignature,
} from "../../bundle/index.ts";
import { Sha256 } from "../bpf/index.ts";
import { BundleRefused, messageOf, RuntimeFault } from "../errors.ts";

export interface Trust {
  /** Public keys, PEM. One good signature by any of them is enough. */
  readonly keys: readonly string[];
  /** Without keys: take a bundle that nobody signed. */
  readonly allowUnsigned: boolean;
}

export interface VerifiedBundle {
  readonly bundle: Bundle;
  /** Key that signed it; null where no signature was asked for. */
  readonly keyid: string | null;
}

/** The set of files is in the middle of an update: waiting may help. */
export class TornBundle extends BundleRefused {}

/** `paths`: PEM files, and directories of them (*.pem, *.pub). */
export function readTrust(paths: readonly string[], allowUnsigned: boolean): Trust {
  const keys = paths.flatMap((path) => {
    try {
      if (!statSync(path).isDirectory()) return [readFileSync(path, "utf8")];
      return readdirSync(path)
        .filter((name) => /\.(pem|pub)$/.test(name))
        .sort()
        .map((name) => readFileSync(join(path, name), "utf8"));
    } catch (error) {
      throw new RuntimeFault({
        code: "trust",
        operation: "read trusted keys",
        object: path,
        message: `cannot read trusted keys from ${path}: ${messageOf(error)}`,
        help: "give the path of a public key in PEM, or of a directory of them",
        cause: error,
      });
    }
  });
  if (paths.length > 0 && keys.length === 0) {
    throw new RuntimeFault({
      code: "trust",
      operation: "read trusted keys",
      object: paths.join(", "),
      message: `there is no public key (*.pem, *.pub) in ${paths.join(", ")}`,
      help: "make a pair with `piston keygen` and put the public key there",
    });
  }
  return { keys, allowUnsigned };
}

/** Throws BundleRefused, and TornBundle among them. `isKnown`: tables that are in the kernel, see readBundle. */
export async function readVerified(path: string, trust: Trust, isKnown?: IsKnown): Promise<VerifiedBundle> {
  try {
    const { bundle, envelope } = await readBundleFrom(path, {
      ...(isKnown && { isKnown }),
      beginDigest: (bytes) => Sha256.begin(bytes),
    });
    if (trust.keys.length > 0) return { bundle, keyid: verifySignature(bundle, envelope, trust.keys) };
    if (trust.allowUnsigned) return { bundle, keyid: null };
    throw new BundleError(
      "unsigned",
      "signature",
      "no key is trusted, so no bundle can be",
      "give the agent public keys with --trust, or --allow-unsigned to take bundles that nobody signed",
    );
  } catch (error) {
    if (!(error instanceof BundleError)) throw error;
    const Refusal = error.code === "torn" ? TornBundle : BundleRefused;
    throw new Refusal(error.part, {
      code: error.code,
      operation: "verify",
      object: path,
      message: error.message,
      help: error.help,
    });
  }
}
