import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { CONFIG_KEYS } from "./config-keys.generated.ts";
import {
  ConfigError,
  type ConfigFault,
  type ConfigInput,
  ConfigStore,
  configOf,
  loadConfig,
  printYaml,
} from "./index.ts";
import { PROFILES } from "./profiles.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "piston-test-config-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function file(text: string, name = "piston.yaml"): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

function load(input: Partial<ConfigInput> = {}) {
  return loadConfig({ file: null, environment: {}, settings: [], flags: new Map(), ...input });
}

/** Places lose the folder's name. */
async function faults(input: Partial<ConfigInput>): Promise<ConfigFault[]> {
  try {
    await load(input);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.faults.map((fault) => ({ ...fault, place: fault.place.replace(`${folder}/`, "") }));
  }
  throw new Error("it was taken");
}

const BUNDLE = "bundle: { path: /bundle }\n";

describe("a configuration", () => {
  it("has the document's defaults", () => {
    // reference document: rate 10,000 with burst 20,000 between 1,000 and 50,000; 80 % and 20 %, 5 min; 50 %, 30 s, 10; 512 MB, 20 %, 1000.
    const { events, resources, retry, listen } = configOf({ bundle: { path: "/bundle" } });
    expect(events).toEqual({
      enabled: true,
      bufferSize: 10_000,
      batchSize: 100,
      intervalMs: 100,
      rateLimit: {
        perSecond: 10_000,
        burst: 20_000,
        adaptive: true,
        minPerSecond: 1000,
        maxPerSecond: 50_000,
      },
      backpressure: { highRatio: 0.8, lowRatio: 0.2, timeoutSeconds: 300 },
      circuitBreaker: { failureRatio: 0.5, openSeconds: 30, halfOpenTrials: 10 },
    });
    expect(resources).toMatchObject({
      memoryLimitBytes: 536_870_912,
      cpuLimitRatio: 0.2,
      fdLimit: 1000,
      warnRatio: 0.8,
    });
    expect(retry).toEqual({ initialMs: 1000, maxMs: 30_000, multiplier: 2, jitter: 0.1 });
    expect(listen).toMatchObject({ metrics: ":9090", operations: "127.0.0.1:9091", tls: null });
  });

  it("takes a value from the last source that has it, and says which", async () => {
    const path = file(
      `${BUNDLE}profile: constrained\nevents:\n  bufferSize: 2000\n  batchSize: 20\n  intervalMs: 200\n`,
    );
    const { config, sources } = await load({
      file: path,
      environment: { PISTON_EVENTS_BATCH_SIZE: "30", PISTON_EVENTS_INTERVAL_MS: "300" },
      settings: ["events.intervalMs=400"],
      flags: new Map([["log.level", { value: "warn", place: "--log-level" }]]),
    });
    expect(config.events).toMatchObject({ bufferSize: 2000, batchSize: 30, intervalMs: 400 });
    expect(config.log.level).toBe("warn");
    const expected = {
      "events.rateLimit.perSecond": "profile constrained",
      "events.bufferSize": `${path}:4:3`,
      "events.batchSize": "PISTON_EVENTS_BATCH_SIZE",
      "events.intervalMs": "--set events.intervalMs=400",
      "log.level": "--log-level",
      "log.json": "default",
    };
    expect(Object.fromEntries(sources)).toMatchObject(expected);
  });

  it("has two profiles that differ from the defaults in what the document names", () => {
    const at = (profile: "high-volume" | "constrained") => configOf({ profile, bundle: { path: "/bundle" } });
    expect(at("high-volume").events).toMatchObject({ bufferSize: 50_000, batchSize: 500 });
    expect(at("constrained").events).toMatchObject({ bufferSize: 1000, rateLimit: { perSecond: 1000 } });
    expect(at("constrained").resources.memoryLimitBytes).toBeLessThan(512 * 1024 * 1024);
    expect(at("constrained").events.backpressure.highRatio).toBeLessThan(0.8);
    expect(
      configOf({ profile: "constrained", bundle: { path: "/b" }, events: { bufferSize: 77, batchSize: 7 } })
        .events.bufferSize,
    ).toBe(77);
  });

  it("has an object that may be null as soon as one of its keys is given, and not after a later null", async () => {
    const environment = { PISTON_BUNDLE_PATH: "/b", PISTON_SINKS_STATSD_ADDRESS: "localhost:8125" };
    const { config } = await load({ environment });
    expect(config.sinks.statsd).toEqual({ address: "localhost:8125", prefix: "pistonprotection." });
    expect((await load({ environment, settings: ["sinks.statsd=null"] })).config.sinks.statsd).toBeNull();
  });

  it("reads lists, null and booleans of the environment", async () => {
    const environment = {
      PISTON_BUNDLE_PATH: "/b",
      PISTON_BUNDLE_INTERFACES: "eth0, eth1.100",
      PISTON_BUNDLE_MODE: "",
      PISTON_BUNDLE_ALLOW_UNSIGNED: "true",
    };
    const { config } = await load({ environment });
    expect(config.bundle).toMatchObject({
      interfaces: ["eth0", "eth1.100"],
      mode: null,
      allowUnsigned: true,
    });
  });

  it("may be JSON, indented by tabs", async () => {
    const path = file('{\n\t"bundle": {\n\t\t"path": "/b"\n\t}\n}\n', "piston.json");
    expect((await load({ file: path })).config.bundle.path).toBe("/b");
  });

  it("is not changed by anybody", () => {
    expect(Object.isFrozen(configOf({ bundle: { path: "/b" } }).events.rateLimit)).toBe(true);
  });

  it("is printed as a file that gives the same configuration", async () => {
    const first = await load({
      file: file(`${BUNDLE}sinks: { statsd: { address: "h:1" } }\nlog: { level: warn }\n`),
    });
    const second = await load({ file: file(printYaml(first), "again.yaml") });
    expect(second.config).toEqual(first.config);
    expect(printYaml(first)).toMatch(/^ {2}level: "warn" +# .*piston\.yaml:3:8$/m);
  });
});

describe("what does not fit is refused, with its place and the nearest name:", () => {
  it("every fault of a file in one run", async () => {
    const path = file(
      `${BUNDLE}profil: constrained\nevents:\n  batchSize: many\n  rateLimit: 5\nlog: { level: inf }\n`,
    );
    expect(await faults({ file: path })).toEqual([
      {
        code: "config-unknown-key",
        place: "piston.yaml:2:1",
        message: "the configuration has no key `profil`",
        help: "did you mean `profile`?",
      },
      {
        code: "config-value",
        place: "piston.yaml:6:8",
        message: '`log.level` is "inf", not debug, info, warn, error',
        help: "did you mean `info`?",
      },
      expect.objectContaining({
        code: "config-value",
        place: "piston.yaml:4:3",
        message: '`events.batchSize` is "many", not an integer from 1 to 10000',
      }),
      expect.objectContaining({
        place: "piston.yaml:5:3",
        message: "`events.rateLimit` is 5, not keys with values",
      }),
    ]);
  });

  it("a number that is one too many, and not one at the edge", async () => {
    expect(
      (await load({ file: file(`${BUNDLE}events: { batchSize: 10000 }\n`) })).config.events.batchSize,
    ).toBe(10_000);
    const [fault] = await faults({ file: file(`${BUNDLE}events: { batchSize: 10001 }\n`) });
    expect(fault).toMatchObject({
      code: "config-value",
      message: "`events.batchSize` is 10001, not an integer from 1 to 10000",
    });
  });

  it("a variable, by its name", async () => {
    expect(await faults({ environment: { PISTON_LOG_JSON: "yes" } })).toMatchObject([
      { place: "PISTON_LOG_JSON", message: '`log.json` is "yes", not true or false' },
    ]);
  });

  it("a setting of a key that does not exist", async () => {
    expect(await faults({ settings: ["events.bufersize=3"] })).toMatchObject([
      { code: "config-unknown-key", help: "did you mean `events.bufferSize`?" },
    ]);
  });

  it("a file that cannot be read, and one that is no YAML", async () => {
    expect(await faults({ file: join(folder, "nope.yaml") })).toMatchObject([
      { code: "config-unreadable", message: "the file cannot be read: ENOENT" },
    ]);
    expect(await faults({ file: file("bundle: [\n") })).toMatchObject([
      { code: "config-syntax", place: "piston.yaml:2:1" },
    ]);
  });

  it("a key without a default that nobody gave", async () => {
    expect(await faults({})).toMatchObject([{ code: "config-missing", message: "`bundle.path` is missing" }]);
    expect(await faults({ file: file(`${BUNDLE}sinks: { statsd: {} }\n`) })).toMatchObject([
      { code: "config-missing", message: "`sinks.statsd.address` is missing" },
    ]);
  });

  it("values that contradict each other, with where both come from", async () => {
    const path = file(`${BUNDLE}events: { rateLimit: { perSecond: 500 } }\n`);
    expect(await faults({ file: path })).toMatchObject([
      {
        code: "config-conflict",
        message: `\`events.rateLimit.minPerSecond\` is 1000 (default), above \`events.rateLimit.perSecond\`, 500 (${path}:2:24)`,
      },
    ]);
    await load({ file: path, settings: ["events.rateLimit.minPerSecond=500"] });
  });

  it("but a variable that almost names a key only warns: others may use the prefix", async () => {
    const { warnings } = await load({
      environment: {
        PISTON_BUNDLE_PATH: "/b",
        PISTON_LOG_LEVL: "debug",
        PISTON_PORT_9090_TCP_ADDR: "10.0.0.1",
      },
    });
    expect(warnings).toEqual(["the variable PISTON_LOG_LEVL names no key; did you mean PISTON_LOG_LEVEL?"]);
  });
});

describe("a reload", () => {
  const first = configOf({ bundle: { path: "/bundle" } });
  const reading = (text: string) => () => load({ file: file(text) });

  it("tells who listens to what changed, and nobody else", async () => {
    const store = new ConfigStore(first, reading(`${BUNDLE}log: { level: debug }\n`));
    const heard: string[] = [];
    store.onChange("log", (next, previous) => void heard.push(`${previous.log.level} to ${next.log.level}`));
    store.onChange("events.rateLimit", () => void heard.push("rate limit"));
    expect(await store.reload()).toMatchObject({ restart: [], applied: ["log.level"] });
    expect(heard).toEqual(["info to debug"]);
    expect(store.current.log.level).toBe("debug");
  });

  it("names what nobody can take at run time, and keeps it", async () => {
    const store = new ConfigStore(
      first,
      reading("bundle: { path: /elsewhere }\nsinks: { statsd: { address: 'h:1' } }\n"),
    );
    store.onChange("log", () => {});
    const { applied, restart } = await store.reload();
    expect(applied).toEqual([]);
    expect(restart).toEqual(["bundle.path", "sinks.statsd", "sinks.statsd.address", "sinks.statsd.prefix"]);
    expect(store.current).toEqual(first);
  });

  it("with a fault changes nothing", async () => {
    const store = new ConfigStore(first, reading(`${BUNDLE}log: { level: loud }\n`));
    let called = false;
    store.onReload("log", () => {
      called = true;
    });
    await expect(store.reload()).rejects.toBeInstanceOf(ConfigError);
    expect(called).toBe(false);
    expect(store.current).toBe(first);
  });

  it("that a listener cannot follow keeps the old values of its path alone", async () => {
    const store = new ConfigStore(
      first,
      reading("bundle: { path: /bundle, trustKeys: [/gone] }\nlog: { level: warn }\n"),
    );
    store.onChange("bundle.trustKeys", () => {
      throw new Error("no such key");
    });
    store.onChange("log.level", () => {});
    const { applied, failures } = await store.reload();
    expect(applied).toEqual(["log.level"]);
    expect(failures).toMatchObject([{ path: "bundle.trustKeys", error: { message: "no such key" } }]);
    expect(store.current.bundle.trustKeys).toEqual([]);
    expect(store.current.log.level).toBe("warn");
  });
});

describe("docs/CONFIGURATION.md", () => {
  const page = readFileSync(new URL("../../../docs/CONFIGURATION.md", import.meta.url), "utf8");

  it("has each profile's values in its table", () => {
    for (const key of new Set(Object.values(PROFILES).flatMap((profile) => Object.keys(profile)))) {
      const fallback = CONFIG_KEYS.find((one) => one.path === key)!.default;
      const values = [
        fallback,
        PROFILES["high-volume"][key] ?? fallback,
        PROFILES.constrained[key] ?? fallback,
      ];
      expect(page).toContain(`| \`${key}\` | ${values.join(" | ")} |`);
    }
  });
});
