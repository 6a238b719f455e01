// References to secrets: where each is found in the cluster, and the store that it comes from.

import type { RemoteSecret, SecretIr, SecretStoreIr, SecretsIr } from "../../../ir/site.ts";
import { type Node, nodeOf, show } from "../untyped.ts";
import type { SiteContext } from "./context.ts";
import { DNS_LABEL, HTTPS_URL, OBJECT_NAME, REGION, ROLE_ARN, WORD } from "./rules.ts";
import { secretText } from "./secret-text.ts";
import { NO_VALUES, type Section } from "./section.ts";

/** The Secret and key that a stored secret is copied to. */
export interface SecretTarget {
  readonly namespace: string;
  readonly name: string;
  readonly key: string;
}

const NOWHERE: SecretIr = {
  namespace: "",
  name: "",
  key: "",
  remote: null,
  location: { file: "", line: 1, column: 1 },
};

/** Of a field that must be there. */
export function secretOf(section: Section, name: string, target: SecretTarget): SecretIr {
  const found = optionalSecretOf(section, name, target);
  if (found === null && !section.has(name))
    section.context.report(section.context.span(section.path), {
      code: "bad-value",
      message: `\`${section.path.at(-1) ?? "site"}\` has no \`${name}\``,
      help: `write \`${name}: secret("key in the store")\``,
    });
  return found ?? NOWHERE;
}

/** null where the field is missing, or wrong and reported. */
export function optionalSecretOf(section: Section, name: string, target: SecretTarget): SecretIr | null {
  const raw = section.raw(name);
  if (raw === undefined) return null;
  const node = nodeOf(raw, "stored-secret", "existing-secret");
  if (node === null) {
    // What it says may be the secret itself: it is not repeated.
    if (typeof raw === "string")
      section.fault(name, `\`${name}\` holds a text where a reference belongs`, NO_VALUES, "secret-value");
    else
      section.fault(
        name,
        `\`${name}\` is ${show(raw)}`,
        'write `secret("key in the store")` or `existingSecret("name", "key")`',
        "bad-vocabulary",
      );
    return null;
  }
  const found =
    node["kind"] === "stored-secret"
      ? stored(node, target, section.context)
      : existing(node, target, section.context);
  if (found !== null) section.context.secrets.push(found);
  return found;
}

function stored(node: Node, target: SecretTarget, context: SiteContext): SecretIr | null {
  const { key, property, location } = node;
  const call = context.lowering.callAt(location);
  const fault = (value: unknown, code: string, message: string, help: string) => {
    context.report(call.value(value), { code, message, help });
    return null;
  };
  if (secretText(key)) return fault(key, "secret-value", "the key looks like a secret itself", NO_VALUES);
  if (typeof key !== "string" || !/^[\w./=+@-]{1,512}$/.test(key))
    return fault(
      key,
      "bad-value",
      `${show(key)} is not a key of a store`,
      'write the key: `secret("pistonprotection/jwt-secret")`',
    );
  if (property !== null && (typeof property !== "string" || !/^[\w.-]{1,256}$/.test(property)))
    return fault(
      property,
      "bad-value",
      `${show(property)} is not a property of an entry`,
      'write its name: `{ property: "password" }`',
    );
  const remote: RemoteSecret = Object.freeze({ key, property });
  return Object.freeze({ ...target, remote, location });
}

function existing(node: Node, { namespace }: SecretTarget, context: SiteContext): SecretIr | null {
  const { name, key, location } = node;
  const call = context.lowering.callAt(location);
  const isName = typeof name === "string" && OBJECT_NAME.pattern.test(name);
  const isKey = typeof key === "string" && /^[\w.-]{1,253}$/.test(key);
  if (!isName)
    context.report(call.value(name), {
      code: "bad-value",
      message: `${show(name)} is not the name of a Secret`,
      help: OBJECT_NAME.help,
    });
  if (!isKey)
    context.report(call.value(key), {
      code: "bad-value",
      message: `${show(key)} is not a key of a Secret`,
      help: "write letters, digits, `-`, `_` and `.`",
    });
  return isName && isKey ? Object.freeze({ namespace, name, key, remote: null, location }) : null;
}

/** After all other sections: it needs to know who refers to the store. */
export function lowerSecrets(section: Section | null, context: SiteContext): SecretsIr {
  const store = section === null ? null : lowerStore(section.defaults("store"));
  const refreshInterval = section?.duration("refreshInterval", "1h") ?? "1h";
  section?.end();
  const places = new Map<string, SecretsIr["stored"][number]>();
  for (const one of context.secrets) {
    if (one.remote === null) continue;
    const { lowering } = context;
    if (store === null && section === null)
      context.report(lowering.locator.call(one.location), {
        code: "no-secret-store",
        message: `the site has no store to take ${JSON.stringify(one.remote.key)} from`,
        help: 'say which: `secrets: { store: { kind: "aws-secrets-manager", region: "eu-central-1" } }`; or name a Secret of the cluster with `existingSecret`',
      });
    places.set([one.namespace, one.name, one.key].join(" "), { ...one, remote: one.remote });
  }
  return Object.freeze({
    store,
    refreshInterval,
    stored: Object.freeze(
      [...places].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => Object.freeze(one)),
    ),
  });
}

const KINDS = [
  "aws-secrets-manager",
  "vault",
  "gcp-secret-manager",
  "azure-key-vault",
  "kubernetes",
  "existing",
] as const;

function lowerStore(section: Section): SecretStoreIr {
  const kind = section.choice("kind", KINDS);
  const location = section.location;
  const common = (fallback?: string) => ({
    name: section.text("name", OBJECT_NAME, fallback),
    storeKind: "SecretStore" as const,
    location,
  });
  const store = ((): SecretStoreIr => {
    switch (kind) {
      case "aws-secrets-manager":
        return {
          kind,
          ...common(kind),
          region: section.text("region", REGION),
          roleArn: section.optionalText("roleArn", ROLE_ARN),
        };
      case "vault":
        return {
          kind,
          ...common(kind),
          server: section.text("server", HTTPS_URL),
          path: section.text("path", WORD),
          role: section.text("role", WORD),
          mountPath: section.text("mountPath", WORD, "kubernetes"),
        };
      case "gcp-secret-manager":
        return {
          kind,
          ...common(kind),
          project: section.text("project", WORD),
          clusterLocation: section.text("clusterLocation", WORD),
          clusterName: section.text("clusterName", WORD),
        };
      case "azure-key-vault":
        return {
          kind,
          ...common(kind),
          vaultUrl: section.text("vaultUrl", HTTPS_URL),
          tenantId: section.text("tenantId", WORD),
          clientId: section.optionalText("clientId", WORD),
        };
      case "kubernetes":
        return { kind, ...common(kind), namespace: section.text("namespace", DNS_LABEL) };
      case "existing":
        return {
          kind,
          ...common(),
          storeKind: section.choice("storeKind", ["ClusterSecretStore", "SecretStore"], "ClusterSecretStore"),
        };
    }
  })();
  section.end();
  return Object.freeze(store);
}
