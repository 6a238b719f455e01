// Brings a fresh Debian 12 machine (Node 20 or newer, npm, root) to where every part of the project runs, then hands
// over to a command: `node scripts/setup.mjs [--quiet] [command and its arguments]`. Runs on the machine's own Node, before
// anything is installed, so it uses no package. Each step looks first whether its work is done; what cannot be had is
// said in one plain line, and the rest goes on.

import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const stamps = join(root, "node_modules", ".cache", "piston-setup");
/** Of the one of scripts/pinned-node that is for this machine; elsewhere npm leaves them all out. */
const pinnedNode = join(root, "node_modules", ".bin", "node");
const isLinux = process.platform === "linux";
const isPinnedPlatform = isLinux && ["x64", "arm64"].includes(process.arch);
const isRoot = process.getuid?.() === 0;

/** Package to the file by which its presence is seen: quicker than asking dpkg, and true on other distributions too. */
const APT_PACKAGES = {
  clang: "/usr/bin/clang",
  "libbpf-dev": "/usr/include/bpf/bpf_helpers.h",
  "libelf-dev": "/usr/include/libelf.h",
  "zlib1g-dev": "/usr/include/zlib.h",
  "linux-libc-dev": "/usr/include/linux/bpf.h",
  gcc: "/usr/bin/gcc",
  "g++": "/usr/bin/g++",
  make: "/usr/bin/make",
  python3: "/usr/bin/python3",
  iproute2: ["/usr/sbin/ip", "/sbin/ip"],
  prometheus: "/usr/bin/promtool",
  "prometheus-alertmanager": "/usr/bin/amtool",
  tcpdump: ["/usr/bin/tcpdump", "/usr/sbin/tcpdump"],
};

/** Packages that would start a service, and start it again at each boot: tests run these servers themselves. */
const SERVICES = new Set(["prometheus", "prometheus-alertmanager", "postgresql", "redis-server"]);

/** What only one command needs. */
const APT_PACKAGES_OF = {
  bench: { nftables: ["/usr/sbin/nft", "/sbin/nft"] },
  // The files of the site's databases, and the scripts of its backups, are tried on real ones.
  test: {
    postgresql: "/usr/lib/postgresql/15/bin/initdb",
    "redis-server": "/usr/bin/redis-server",
    jq: "/usr/bin/jq",
    git: "/usr/bin/git",
    // Certificates of the tests; and a hand that changes a map from outside.
    openssl: "/usr/bin/openssl",
    bpftool: ["/usr/sbin/bpftool", "/sbin/bpftool"],
  },
};

const skipped = [];

function say(line) {
  process.stderr.write(`setup: ${line}\n`);
}

function skip(what, remedy) {
  skipped.push(what);
  say(`${what}; ${remedy}`);
}

/** Runs a command with its output kept, and shows the output only where it fails. */
function run(what, command, args, options = {}) {
  const begun = Date.now();
  const result = spawnSync(command, args, { cwd: root, encoding: "utf8", maxBuffer: 64 << 20, ...options });
  if (result.status === 0) {
    say(`${what} (${((Date.now() - begun) / 1000).toFixed(1)} s)`);
    return true;
  }
  say(`${what}: failed: ${command} ${args.join(" ")}`);
  process.stderr.write(`${result.error?.message ?? ""}${result.stdout ?? ""}${result.stderr ?? ""}\n`);
  return false;
}

function digestOf(...paths) {
  const hash = createHash("sha256");
  const add = (path) => {
    if (statSync(path).isDirectory()) {
      for (const name of readdirSync(path).sort()) if (name !== "build") add(join(path, name));
    } else hash.update(path.slice(root.length)).update("\0").update(readFileSync(path)).update("\0");
  };
  for (const path of paths) add(join(root, path));
  return hash.digest("hex");
}

/** Does the work where its inputs changed since it last succeeded, or where its output is missing. */
function once(name, inputs, output, work) {
  const stamp = join(stamps, name);
  const digest = digestOf(...inputs);
  const done = existsSync(stamp) && readFileSync(stamp, "utf8") === digest && existsSync(join(root, output));
  if (done) return true;
  if (!work()) return false;
  mkdirSync(stamps, { recursive: true });
  writeFileSync(stamp, digest);
  return true;
}

function installSystemPackages(wanted) {
  if (!isLinux)
    return skip("not Linux: no XDP, addon or kernel tests here", "compiler, evaluator and policy tests work");
  const present = (paths) => [paths].flat().some((path) => existsSync(path));
  const missing = Object.keys(wanted).filter((name) => !present(wanted[name]));
  if (missing.length === 0) return;
  const remedy = `install by hand: ${missing.join(" ")}`;
  if (!existsSync("/usr/bin/apt-get")) return skip("no apt-get here", remedy);
  if (!isRoot) return skip("not root: system packages are missing", remedy);
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const install = ["install", "-y", "-qq", "--no-install-recommends", ...missing];
  // The package lists of a fresh image are empty or old.
  const done = withoutServices(
    missing.filter((name) => SERVICES.has(name)),
    () =>
      run(
        `apt packages: ${missing.join(" ")}`,
        "sh",
        ["-c", `apt-get update -qq && apt-get ${install.join(" ")}`],
        { env },
      ),
  );
  if (!done) skip("system packages could not be installed", remedy);
}

/** Debian's way to forbid that an installation starts a service is this file; one that is there already stays as it is. */
function withoutServices(services, work) {
  const policy = "/usr/sbin/policy-rc.d";
  const own = services.length > 0 && !existsSync(policy);
  if (own) writeFileSync(policy, "#!/bin/sh\nexit 101\n", { mode: 0o755 });
  try {
    return work();
  } finally {
    if (own) rmSync(policy);
    if (services.length > 0 && existsSync("/run/systemd/system"))
      spawnSync("systemctl", ["disable", "--quiet", ...services], { stdio: "ignore" });
  }
}

function installNodePackages() {
  const inputs = ["package-lock.json"];
  // What npm cannot fetch of optional packages it goes on without: the next run tries again.
  const output = isPinnedPlatform ? "node_modules/.bin/node" : "node_modules/.package-lock.json";
  const ok = once("npm", inputs, output, () =>
    run("npm packages", "npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"]),
  );
  if (!ok) fail("npm packages could not be installed, and nothing runs without them: see the lines above");
  linkCommand();
}

/** `npx piston` finds a command in node_modules/.bin; npm links those of dependencies, never the package's own. */
function linkCommand() {
  const link = join(root, "node_modules", ".bin", "piston");
  if (existsSync(link)) return;
  rmSync(link, { force: true });
  symlinkSync("../../bin/piston", link);
}

function buildAddon() {
  if (!isLinux) return;
  if (!existsSync(pinnedNode))
    return skip(
      `addon not built: npm installed no pinned Node for Linux on ${process.arch}`,
      isPinnedPlatform ? "try again: it could not be fetched" : "no agent here",
    );
  const gyp = "node_modules/node-gyp/bin/node-gyp.js";
  const headers = dirname(dirname(realpathSync(pinnedNode)));
  // npm hands its settings on in the environment, where node-gyp prefers them to its arguments: a `nodedir` of another Node in
  // somebody's .npmrc would win over the pinned one's headers.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name)));
  const built = once("addon", ["addon", "package-lock.json"], "addon/build/Release/piston_bpf.node", () =>
    run("addon over libbpf", pinnedNode, [gyp, "rebuild", "--directory", "addon", "--nodedir", headers], {
      env,
    }),
  );
  if (!built)
    skip("addon not built", "the agent and kernel tests cannot run; needs g++, make, python3 and libbpf-dev");
}

function buildBpf() {
  if (!isLinux) return;
  const built = once("bpf", ["bpf"], "build/filter.bpf.o", () => {
    mkdirSync(join(root, "build"), { recursive: true });
    const triple = spawnSync("gcc", ["-print-multiarch"], { encoding: "utf8" }).stdout?.trim();
    const include = triple ? ["-I", `/usr/include/${triple}`] : [];
    const flags = [
      "-O2",
      "-g",
      "-Wall",
      "-Wextra",
      "-Werror",
      "-target",
      "bpf",
      "-mcpu=v3",
      "-I",
      "bpf",
      ...include,
    ];
    // No path of this machine in the object: the same source gives the same bytes, whose digest the agent can pin.
    return run("XDP object", "clang", [
      ...flags,
      `-ffile-prefix-map=${root}=.`,
      "-c",
      "bpf/filter.bpf.c",
      "-o",
      "build/filter.bpf.o",
    ]);
  });
  if (!built)
    skip("XDP object not built", "the agent and kernel tests cannot run; needs clang and libbpf-dev");
}

/** A convenience, and no more: without it bin/piston runs the sources. */
function bundleCompiler() {
  const node = findNode();
  if (node === null) return;
  const main = join(root, "build/compiler-bundle/cli/compiler/main.js");
  if (existsSync(main) && newestChange("src", "node_modules/.package-lock.json") <= statSync(main).mtimeMs)
    return;
  run("check and synth in one file", node, [join(root, "scripts/bundle.mjs")]);
}

/** Of contents and of names: when the file system itself noted a change, whatever time a copy was given. */
function newestChange(...paths) {
  const of = (path) => {
    const stat = statSync(path);
    const below = stat.isDirectory() ? readdirSync(path).map((name) => of(join(path, name))) : [];
    return Math.max(stat.ctimeMs, ...below);
  };
  return Math.max(...paths.map((path) => of(join(root, path))));
}

function mountBpffs() {
  if (!isLinux) return;
  const mounted = readFileSync("/proc/mounts", "utf8")
    .split("\n")
    .some((line) => line.split(" ")[2] === "bpf");
  if (mounted) return;
  if (!isRoot) return skip("not root: bpffs is not mounted", "run as root for the agent and kernel tests");
  mkdirSync("/sys/fs/bpf", { recursive: true });
  if (!run("bpffs at /sys/fs/bpf", "mount", ["-t", "bpf", "bpf", "/sys/fs/bpf"]))
    skip("bpffs could not be mounted", "the agent and kernel tests cannot run");
}

function fail(message) {
  say(message);
  process.exit(1);
}

/** Node 24 for what follows: the pinned one, else this one where it is new enough. */
function findNode() {
  if (existsSync(pinnedNode)) return pinnedNode;
  return Number(process.versions.node.split(".")[0]) >= 24 ? process.execPath : null;
}

const commands = {
  start: (args) => [[join(root, "src/cli/main.ts"), "demo", ...args]],
  bench: (args) => [[join(root, "src/cli/main.ts"), "bench", ...args]],
  test: (args) => [
    ["scripts/check.mjs"],
    [
      "node_modules/vitest/vitest.mjs",
      "run",
      "--reporter=default",
      "--reporter=./test/support/skip-reporter.ts",
      ...args,
    ],
  ],
  fuzz: (args) => [["test/differential/main.ts", ...args]],
  flood: (args) => [["test/e2e/flood-main.ts", ...args]],
};

const [name, ...args] = process.argv.slice(2);
if (name !== undefined && !(name in commands))
  fail(`unknown command ${name}: give start, test, fuzz, flood, bench, or none for set-up only`);
installSystemPackages({ ...APT_PACKAGES, ...APT_PACKAGES_OF[name] });
installNodePackages();
buildAddon();
buildBpf();
mountBpffs();
bundleCompiler();
if (skipped.length > 0) say(`went on without: ${skipped.join("; ")}`);
if (name !== undefined) {
  const node =
    findNode() ??
    fail(`Node 24 or newer is needed here, this is ${process.versions.node}: install it and try again`);
  const env = {
    ...process.env,
    PATH: `${dirname(node)}:${join(root, "node_modules/.bin")}:${process.env.PATH}`,
    NODE_COMPILE_CACHE: join(root, "node_modules/.cache/node"),
    CDK8S_CHECK_UPGRADE: "false",
  };
  for (const command of commands[name](args)) {
    // npm runs scripts in the package's folder; INIT_CWD is where the person is, and relative paths of theirs mean that.
    const cwd = name === "start" ? (process.env.INIT_CWD ?? process.cwd()) : root;
    const result = spawnSync(node, command, { cwd, env, stdio: "inherit" });
    if (result.status !== 0) process.exit(result.status ?? 1);
  }
}
