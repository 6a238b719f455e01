import { existsSync, globSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

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
