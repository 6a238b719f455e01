import { existsSync, globSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { compile } from "./compiler/compile.ts";
import { loadPolicies } from "./compiler/load/index.ts";
import { withTree } from "./compiler/load/tree-fixture.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const PAGES = ["README.md", ...globSync("docs/**/*.md", { cwd: ROOT })];
const textOf = (page: string) => readFileSync(join(ROOT, page), "utf8");
/** Targets inside the repository, without what stands after `#`. */
const linksOf = (page: string) =>
  [...textOf(page).matchAll(/\]\((?!https?:)([^)#\s]+)/g)].map(([, target]) =>
    normalize(join(dirname(page), target!)).replace(/\/$/, ""),
  );

it.each(PAGES)("%s links to what there is", (page) => {
  expect(linksOf(page).filter((target) => !existsSync(join(ROOT, target)))).toEqual([]);
});

it("README.md leads to every page of docs/, and to its folders", () => {
  const links = new Set(linksOf("README.md"));
  const missing = readdirSync(join(ROOT, "docs"))
    .map((name) => `docs/${name}`)
    .filter((page) => !links.has(page) && !links.has(`${page}/README.md`));
  expect(missing).toEqual([]);
});

it("docs/ARCHITECTURE.md names every room", () => {
  const rooms = ["src", "src/compiler", "src/runtime"].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => `${folder}/${name}`),
  );
  const table = textOf("docs/ARCHITECTURE.md");
  const parts = new Set(["src/compiler"]); // its rooms are named
  expect(rooms.filter((room) => !parts.has(room) && !table.includes(`\`${room}\``))).toEqual([]);
});

/** Files that feeds of the pages name. */
const FEEDS = {
  "feeds/abusers.txt": "198.51.100.0/24\n",
  "feeds/country/de/ipv4.txt": "5.1.0.0/16\n",
  "feeds/country/fr/ipv4.txt": "5.3.0.0/16\n",
};

it.each(["README.md", "docs/POLICIES.md"])("the policies of %s are without fault", async (page) => {
  const blocks = textOf(page).matchAll(/^```ts\n\/\/ policies\/(\S+)\n([^]*?)^```$/gm);
  const files = [...blocks].map(([, file, text]) => [file!, text!] as const);
  expect(files.map(([file]) => file)).toContain("edge.policy.ts");
  const { diagnostics } = await withTree({ ...FEEDS, ...Object.fromEntries(files) }, async (directory) =>
    compile(await loadPolicies(directory)),
  );
  expect(diagnostics).toEqual([]);
});
