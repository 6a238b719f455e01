// The bundle path to a bundle that is signed by a trusted key, or refused with the part that is wrong.

import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import {
  type Bundle,
  BundleError,
  type OpenedBundle,
  openBundleFrom,
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

export interface TrustedBundle {
  readonly bundle: OpenedBundle;
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

/**
 * Throws BundleRefused, and TornBundle among them. The tables of the bundle are not compared with their digests yet: where it
 * is refused for anything else, damageOf() comes first.
 */
export async function openTrusted(path: string, trust: Trust): Promise<TrustedBundle> {
  try {
    const { bundle, envelope } = await openBundleFrom(path, { beginDigest: (bytes) => Sha256.begin(bytes) });
    try {
      return { bundle, keyid: signerOf(bundle, envelope, trust) };
    } catch (error) {
      bundle.verify();
      throw error;
    }
  } catch (error) {
    if (!(error instanceof BundleError)) throw error;
    throw refusal(path, error);
  }
}

/** Why the bundle is refused whatever else is wrong: a section that has not its digest. null where all have. */
export function damageOf(path: string, bundle: OpenedBundle): BundleRefused | null {
  try {
    bundle.verify();
    return null;
  } catch (error) {
    if (!(error instanceof BundleError)) throw error;
    return refusal(path, error);
  }
}

function signerOf(bundle: Bundle, envelope: string | null, { keys, allowUnsigned }: Trust): string | null {
  if (keys.length > 0) return verifySignature(bundle, envelope, keys);
  if (allowUnsigned) return null;
  throw new BundleError(
    "unsigned",
    "signature",
    "no key is trusted, so no bundle can be",
    "give the agent public keys with --trust, or --allow-unsigned to take bundles that nobody signed",
  );
}

function refusal(path: string, { code, part, message, help }: BundleError): BundleRefused {
  const Refusal = code === "torn" ? TornBundle : BundleRefused;
  return new Refusal(part, { code, operation: "verify", object: path, message, help });
}
