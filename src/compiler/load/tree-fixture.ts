// For tests: texts of policy files to a real directory, loaded and lowered, and marked faults to expected places.

import { mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect } from "vitest";
import { type Lowered, lower } from "../lower/index.ts";
import type { Diagnostic } from "../types.ts";
import { type LoadedPolicies, loadPolicies } from "./index.ts";

/** File texts by path from the policy directory. */
export type Tree = Readonly<Record<string, string | Uint8Array>>;

/** Writes the tree to `<temporary>/policies`, hands that path on, and removes it afterwards. */
export async function withTree<T>(tree: Tree, use: (directory: string) => Promise<T>): Promise<T> {
  const root = await realpath(await mkdtemp(join(tmpdir(), "piston-policies-")));
  const directory = join(root, "policies");
  try {
    await mkdir(directory);
    await writeTree(directory, tree);
    return await use(directory);
  } finally {
    await rm(root, { recursive: true });
  }
}

export async function writeTree(directory: string, tree: Tree): Promise<void> {
  for (const [path, text] of Object.entries(tree)) {
    await mkdir(dirname(join(directory, path)), { recursive: true });
    await writeFile(join(directory, path), text);
  }
}

export async function lowerTree(
  tree: Tree,
  lastBuild: ReadonlyMap<string, number> = new Map(),
): Promise<Lowered & { readonly input: LoadedPolicies }> {
  return withTree(tree, async (directory) => {
    const input = await loadPolicies(directory);
    return { ...lower({ ...input, lastBuild }), input };
  });
}

/** What a test says of one diagnostic; its place is where the text has «marks». */
export type Fault = Pick<Diagnostic, "code" | "message" | "help"> & Partial<Pick<Diagnostic, "severity">>;

/** Lowers the tree without its marks; the faults must be these, in order of file and place, at the marks. */
export async function expectFaults(
  tree: Readonly<Record<string, string>>,
  faults: readonly Fault[],
): Promise<void> {
  const spans = Object.entries(tree).flatMap(([file, text]) => marksOf(`policies/${file}`, text));
  const plain = Object.fromEntries(
    Object.entries(tree).map(([file, text]) => [file, text.replace(/[«»]/g, "")]),
  );
  const { diagnostics } = await lowerTree(plain);
  const found = diagnostics.toSorted((a, b) => (placeOf(a) < placeOf(b) ? -1 : 1));
  expect(
    found.map(({ code, message, help, severity, location, spanLength }) => ({
      at: `${location.file}:${location.line}:${location.column} +${spanLength}`,
      code,
      message,
      help,
      severity,
    })),
  ).toEqual(faults.map((fault, index) => ({ at: spans[index], severity: "error", ...fault })));
  expect(spans).toHaveLength(faults.length);
}

function placeOf({ location: { file, line, column } }: Diagnostic): string {
  return `${file} ${String(line).padStart(6)} ${String(column).padStart(6)}`;
}

/** `file:line:column +length` of each «mark», as if the marks were not there. */
function marksOf(file: string, text: string): string[] {
  return text.split("\n").flatMap((line, index) =>
    [...line.matchAll(/«([^»]*)»/g)].map((mark, nth) => {
      const column = mark.index - 2 * nth + 1;
      return `${file}:${index + 1}:${column} +${mark[1]?.length}`;
    }),
  );
}

/** A whole policy file: every word of the vocabulary, the lines given, and a fleet of `rules` over `networks`. */
export function policyFile({
  sets = "",
  rules = "",
  policy = "",
  fleet = "",
  before = "",
}: {
  readonly sets?: string;
  readonly rules?: string;
  readonly policy?: string;
  readonly fleet?: string;
  readonly before?: string;
}): string {
  return `import { asns, backend, by, bytes, bytesPerSecond, countries, difference, drop, feed, fleet, limit, management, not, packets, packetsPerSecond, pass, policy, prefixes, range, shadow, union } from "pistonprotection";
${before}
const networks = {
  operators: prefixes("192.0.2.0/28"),
  bogons: prefixes("10.0.0.0/8", "fc00::/7"),
${sets}
};
const edge = policy("edge-policy", {
  owners: ["team"],
  sets: networks,
  ${policy}
  rules: [
${rules}
  ],
});
export default fleet("edge", {
  interfaces: ["eth0"], defaultVerdict: "pass", sets: networks, management: [], policies: [edge],
  ${fleet}
});
`;
}
