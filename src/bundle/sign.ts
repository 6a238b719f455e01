// A bundle's digest to a DSSE envelope signed with Ed25519, and back to the key that signed it. DSSE protocol 1.0.2:
// https://github.com/secure-systems-lab/dsse/blob/master/protocol.md

import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify,
} from "node:crypto";
import { BundleError } from "./bundle-error.ts";
import { sha256Hex } from "./digest.ts";
import type { Bundle } from "./read-bundle.ts";

export const PAYLOAD_TYPE = "application/vnd.pistonprotection.bundle.v1+json";

const SIGNATURES_MAX = 16;
const ENVELOPE_BYTES_MAX = 65_536;

export interface KeyPair {
  /** PKCS #8. */
  readonly privateKeyPem: string;
  /** SPKI. */
  readonly publicKeyPem: string;
  /** First 16 hex digits of SHA-256 over the public key's SPKI DER. */
  readonly keyid: string;
}

/** What a signature is about; the file's digest covers everything else. */
type SignedBundle = Pick<Bundle, "digest"> & {
  readonly manifest: { readonly fleet: { readonly name: string } };
};

export function generateKeys(): KeyPair {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  return {
    privateKeyPem: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    publicKeyPem: publicKey.export({ type: "spki", format: "pem" }).toString(),
    keyid: keyidOf(publicKey),
  };
}

/** The envelope as JSON text. Ed25519 is deterministic: the same bundle and key give the same text. */
export function signBundle(bundle: SignedBundle, privateKeyPem: string): string {
  const key = readKey(privateKeyPem, "private");
  const payload = JSON.stringify({ bundleDigest: bundle.digest, fleet: bundle.manifest.fleet.name });
  const envelope = {
    payloadType: PAYLOAD_TYPE,
    payload: Buffer.from(payload).toString("base64"),
    signatures: [
      {
        keyid: keyidOf(createPublicKey(key)),
        sig: sign(null, preAuthenticationEncoding(PAYLOAD_TYPE, Buffer.from(payload)), key).toString(
          "base64",
        ),
      },
    ],
  };
  return `${JSON.stringify(envelope)}\n`;
}

/**
 * The keyid of a trusted key that signed this bundle; throws BundleError where there is none. `envelopeJson` is null
 * where the bundle came without one. The keyid inside an envelope is not signed, so it decides nothing but the message.
 */
export function verifySignature(
  bundle: SignedBundle,
  envelopeJson: string | null,
  publicKeysPem: readonly string[],
): string {
  const keys = publicKeysPem.map(readPublicKey);
  if (envelopeJson === null)
    throw fault(
      "unsigned",
      "the bundle has no signature",
      "sign it with `piston sign`, or tell the agent to take unsigned bundles",
    );
  const { payloadType, payload, signatures } = parseEnvelope(envelopeJson);
  const message = preAuthenticationEncoding(payloadType, payload);
  const signer = keys.find(({ key }) => signatures.some(({ sig }) => verify(null, message, key, sig)));
  if (!signer) {
    const trusted = new Set(keys.map(({ keyid }) => keyid));
    const claimed = signatures.map(({ keyid }) => keyid);
    if (claimed.some((keyid) => trusted.has(keyid)))
      throw fault("bad-signature", `the signature by ${claimed.join(", ")} does not fit`, SIGN_AGAIN);
    throw fault(
      "untrusted-key",
      `signed by ${claimed.join(", ")}; trusted: ${[...trusted].join(", ") || "no key"}`,
      "give the agent that public key with --trust, or sign with a key that it trusts",
    );
  }
  checkPayload(payload, payloadType, bundle);
  return signer.keyid;
}

const SIGN_AGAIN = "sign the bundle again with `piston sign`, and ship bundle and signature together";

/** DSSE's PAE: "DSSEv1" SP LEN(type) SP type SP LEN(body) SP body, lengths in bytes. */
export function preAuthenticationEncoding(payloadType: string, payload: Uint8Array): Buffer {
  const head = `DSSEv1 ${Buffer.byteLength(payloadType)} ${payloadType} ${payload.length} `;
  return Buffer.concat([Buffer.from(head), payload]);
}

interface Envelope {
  readonly payloadType: string;
  readonly payload: Buffer;
  readonly signatures: readonly { readonly keyid: string; readonly sig: Buffer }[];
}

function parseEnvelope(text: string): Envelope {
  const wrong = (what: string) => fault("bad-envelope", what, SIGN_AGAIN);
  if (text.length > ENVELOPE_BYTES_MAX) throw wrong(`${text.length} characters are no envelope of ours`);
  const envelope = asObject(parseJson(text));
  if (!envelope) throw wrong("not a JSON object");
  const { payloadType, payload, signatures } = envelope;
  if (typeof payloadType !== "string" || typeof payload !== "string" || !Array.isArray(signatures))
    throw wrong("payloadType, payload or signatures is missing");
  if (signatures.length === 0) throw fault("unsigned", "the envelope has no signature", SIGN_AGAIN);
  if (signatures.length > SIGNATURES_MAX) throw wrong(`more than ${SIGNATURES_MAX} signatures`);
  return {
    payloadType,
    payload: Buffer.from(payload, "base64"),
    signatures: signatures.map((item: unknown) => {
      const { keyid = "", sig } = asObject(item) ?? {};
      if (typeof keyid !== "string" || typeof sig !== "string") throw wrong("a signature without sig");
      return { keyid: keyid.slice(0, 64), sig: Buffer.from(sig, "base64") };
    }),
  };
}

/** Only after the signature has been found good: nothing unsigned is interpreted. */
function checkPayload(payload: Buffer, payloadType: string, bundle: SignedBundle): void {
  const { bundleDigest, fleet } = asObject(parseJson(payload.toString())) ?? {};
  if (payloadType !== PAYLOAD_TYPE || typeof bundleDigest !== "string" || typeof fleet !== "string")
    throw fault("bad-envelope", `the key signed something else, of type ${payloadType}`, SIGN_AGAIN);
  if (bundleDigest !== bundle.digest)
    throw fault("wrong-digest", `it is for bundle ${bundleDigest}, and this is ${bundle.digest}`, SIGN_AGAIN);
  if (fleet !== bundle.manifest.fleet.name)
    throw fault(
      "wrong-fleet",
      `it is for fleet ${fleet}, and this is ${bundle.manifest.fleet.name}`,
      SIGN_AGAIN,
    );
}

function readKey(pem: string, kind: "private" | "public"): KeyObject {
  let key: KeyObject | null = null;
  try {
    // createPublicKey would take a private key too: a private key must not be handed round as a public one.
    if (kind === "private") key = createPrivateKey(pem);
    else if (!pem.includes("PRIVATE KEY")) key = createPublicKey(pem);
  } catch {
    // Said below: OpenSSL's text helps nobody.
  }
  if (key?.asymmetricKeyType !== "ed25519")
    throw fault("bad-key", `not an Ed25519 ${kind} key in PEM`, "make a pair with `piston keygen`");
  return key;
}

interface PublicKey {
  readonly key: KeyObject;
  readonly keyid: string;
}

/** An agent reads the same few keys for each bundle, and parsing one takes longer than verifying with it. */
const publicKeys = new Map<string, PublicKey>();
const PUBLIC_KEYS_MAX = 16;

function readPublicKey(pem: string): PublicKey {
  const known = publicKeys.get(pem);
  if (known) return known;
  const key = readKey(pem, "public");
  const read = { key, keyid: keyidOf(key) };
  publicKeys.set(pem, read);
  const [oldest] = publicKeys.keys();
  if (publicKeys.size > PUBLIC_KEYS_MAX && oldest !== undefined) publicKeys.delete(oldest);
  return read;
}

function keyidOf(publicKey: KeyObject): string {
  return sha256Hex(publicKey.export({ type: "spki", format: "der" })).slice(0, 16);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function asObject(value: unknown): Readonly<Record<string, unknown>> | null {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : null;
}

function fault(code: ConstructorParameters<typeof BundleError>[0], what: string, help: string): BundleError {
  return new BundleError(code, "signature", what, help);
}
