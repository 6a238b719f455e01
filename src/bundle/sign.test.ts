import { createPublicKey, generateKeyPairSync, sign } from "node:crypto";
import { describe, expect, test } from "vitest";
import { BundleError } from "./bundle-error.ts";
import { smallBundle } from "./bundle-fixture.ts";
import { readBundle } from "./read-bundle.ts";
import {
  generateKeys,
  PAYLOAD_TYPE,
  preAuthenticationEncoding,
  signBundle,
  verifySignature,
} from "./sign.ts";

const bundle = readBundle(smallBundle());
const other = readBundle(smallBundle("other"));
const [alice, bob] = [generateKeys(), generateKeys()];

function refusal(envelope: string | null, keys: readonly string[], of = bundle): string {
  try {
    verifySignature(of, envelope, keys);
  } catch (error) {
    if (error instanceof BundleError) return error.code;
    throw error;
  }
  return "taken";
}

/** An envelope over any payload, good by DSSE. */
function envelopeOf(payload: string, payloadType = PAYLOAD_TYPE, key = alice): string {
  const body = Buffer.from(payload);
  const message = Buffer.concat([
    Buffer.from(`DSSEv1 ${payloadType.length} ${payloadType} ${body.length} `),
    body,
  ]);
  const sig = sign(null, message, key.privateKeyPem).toString("base64");
  return JSON.stringify({
    payloadType,
    payload: body.toString("base64"),
    signatures: [{ keyid: key.keyid, sig }],
  });
}

test("the pre-authentication encoding is that of the DSSE specification's example", () => {
  const encoded = preAuthenticationEncoding("http://example.com/HelloWorld", Buffer.from("hello world"));
  expect(encoded.toString()).toBe("DSSEv1 29 http://example.com/HelloWorld 11 hello world");
});

test("the pre-authentication encoding counts bytes, not characters", () => {
  expect(preAuthenticationEncoding("é", Buffer.from("ø")).toString("hex")).toBe(
    Buffer.from("DSSEv1 2 é 2 ø").toString("hex"),
  );
});

describe("a signature", () => {
  test("by a trusted key gives its keyid", () => {
    expect(verifySignature(bundle, signBundle(bundle, alice.privateKeyPem), [alice.publicKeyPem])).toBe(
      alice.keyid,
    );
  });

  test("is the same each time", () => {
    expect(signBundle(bundle, alice.privateKeyPem)).toBe(signBundle(bundle, alice.privateKeyPem));
  });

  test("is over the payload that docs/BUNDLE.md names", () => {
    const envelope = signBundle(bundle, alice.privateKeyPem);
    const payload = JSON.stringify({ bundleDigest: bundle.digest, fleet: "edge" });
    expect(JSON.parse(envelope)).toEqual(JSON.parse(envelopeOf(payload)));
  });

  test("by either key is enough while keys rotate", () => {
    const keys = [alice.publicKeyPem, bob.publicKeyPem];
    expect(verifySignature(bundle, signBundle(bundle, alice.privateKeyPem), keys)).toBe(alice.keyid);
    expect(verifySignature(bundle, signBundle(bundle, bob.privateKeyPem), keys)).toBe(bob.keyid);
  });

  test("beside one by an unknown key is enough", () => {
    const mine = JSON.parse(signBundle(bundle, alice.privateKeyPem));
    const theirs = JSON.parse(signBundle(bundle, bob.privateKeyPem));
    const both = JSON.stringify({ ...mine, signatures: [...theirs.signatures, ...mine.signatures] });
    expect(verifySignature(bundle, both, [alice.publicKeyPem])).toBe(alice.keyid);
  });

  test("is found by the key and not by the keyid, which nobody signed", () => {
    const mine = JSON.parse(signBundle(bundle, alice.privateKeyPem));
    const unnamed = JSON.stringify({ ...mine, signatures: [{ sig: mine.signatures[0].sig }] });
    expect(verifySignature(bundle, unnamed, [bob.publicKeyPem, alice.publicKeyPem])).toBe(alice.keyid);
  });
});

describe("refused", () => {
  const good = signBundle(bundle, alice.privateKeyPem);
  const trusted = [alice.publicKeyPem];
  const parsed = JSON.parse(good);

  test.each([
    ["no envelope", null, "unsigned"],
    ["no signatures", JSON.stringify({ ...parsed, signatures: [] }), "unsigned"],
    ["a key that is not trusted", signBundle(bundle, bob.privateKeyPem), "untrusted-key"],
    ["the signature of another bundle", signBundle(other, alice.privateKeyPem), "wrong-digest"],
    [
      "another fleet's name over this digest",
      envelopeOf(JSON.stringify({ bundleDigest: bundle.digest, fleet: "other" })),
      "wrong-fleet",
    ],
    ["something else that the key signed", envelopeOf(JSON.stringify({ a: 1 })), "bad-envelope"],
    [
      "a good payload of another type",
      envelopeOf(JSON.stringify({ bundleDigest: bundle.digest, fleet: "edge" }), "application/json"),
      "bad-envelope",
    ],
    ["not JSON", "sig", "bad-envelope"],
    ["an array", "[]", "bad-envelope"],
    ["a signature without sig", JSON.stringify({ ...parsed, signatures: [{}] }), "bad-envelope"],
    [
      "17 signatures",
      JSON.stringify({ ...parsed, signatures: Array(17).fill(parsed.signatures[0]) }),
      "bad-envelope",
    ],
    ["a flood", " ".repeat(70_000), "bad-envelope"],
  ])("%s", (_, envelope, code) => {
    expect(refusal(envelope, trusted)).toBe(code);
  });

  test("any changed bit of the payload or the signature", () => {
    for (const [text, put] of [
      [parsed.payload, (payload: string) => ({ ...parsed, payload })],
      [parsed.signatures[0].sig, (sig: string) => ({ ...parsed, signatures: [{ keyid: alice.keyid, sig }] })],
    ] as const) {
      const bytes = Buffer.from(text, "base64");
      for (let bit = 0; bit < 8 * bytes.length; bit++) {
        bytes[bit >> 3]! ^= 1 << (bit & 7);
        expect(refusal(JSON.stringify(put(bytes.toString("base64"))), trusted)).toBe("bad-signature");
        bytes[bit >> 3]! ^= 1 << (bit & 7);
      }
    }
  });

  test("everything where no key is trusted", () => {
    expect(refusal(good, [])).toBe("untrusted-key");
  });

  test("keys that are none, of another kind, or private", () => {
    const rsa = generateKeyPairSync("rsa", { modulusLength: 1024 });
    expect(refusal(good, ["-----BEGIN PUBLIC KEY-----"])).toBe("bad-key");
    expect(refusal(good, [rsa.publicKey.export({ type: "spki", format: "pem" }).toString()])).toBe("bad-key");
    expect(refusal(good, [alice.privateKeyPem])).toBe("bad-key");
    expect(() => signBundle(bundle, alice.publicKeyPem)).toThrow(/not an Ed25519 private key/);
  });
});

test("a pair's keyid is over its public key's DER", () => {
  const der = createPublicKey(alice.publicKeyPem).export({ type: "spki", format: "der" });
  expect(der.length).toBe(44); // RFC 8410 §4: 12 bytes of algorithm, 32 of key
  expect(alice.keyid).toMatch(/^[0-9a-f]{16}$/);
  expect(alice.keyid).not.toBe(bob.keyid);
});
