import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { ALERTS } from "./alerting.ts";
import { alertReference, siteReference } from "./site-reference.ts";

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));
const MARK =
  "<!-- keys: made from src/policy/site*.ts by `vitest run src/policy/site-reference.test.ts -u` -->\n";

test("docs/SITE.md has every key of a site, with its type and comment", async () => {
  const sources = ["site.ts", "site-types.ts", "site-workloads.ts", "alerting.ts"].map((name) =>
    readFileSync(path(`./${name}`), "utf8"),
  );
  const [about = ""] = readFileSync(path("../../docs/SITE.md"), "utf8").split(MARK);
  const reference = `${siteReference(sources, "SiteOptions")}\n${alertReference(ALERTS)}`;
  // One of each end of the tree, and one that stands in a base.
  for (const key of ["domain", "environments", "routingKey", "passRatio", "nodePool", "storageClass"])
    expect(reference).toContain(`| \`${key}\``);
  await expect(about + MARK + reference).toMatchFileSnapshot("../../docs/SITE.md");
});
