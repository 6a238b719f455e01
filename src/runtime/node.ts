// `piston node`: the agent as a process, until a signal ends it.

import { startAgent } from "./agent.ts";
import { type ConfigInput, ConfigStore, loadConfig } from "./config/index.ts";
import { reloadConfig } from "./config/reload.ts";
import { createLogger } from "./log.ts";

/**
 * Resolves to the exit code when SIGTERM or SIGINT has come. Filtering goes on, unless shutdown.detachOnExit. Throws
 * ConfigError where the configuration has faults.
 */
export async function runNode(input: ConfigInput): Promise<number> {
  const { config, warnings } = await loadConfig(input);
  const logger = createLogger(config.log);
  for (const warning of warnings) logger.warn({ event: "config-warning" }, warning);
  const store = new ConfigStore(config, () => loadConfig(input));
  store.onChange("log.level", (next) => {
    logger.level = next.log.level;
  });
  const stopped = new Promise<void>((resolve) => {
    process.once("SIGTERM", () => resolve());
    process.once("SIGINT", () => resolve());
  });
  const agent = await startAgent({ config, logger, changes: store });
  process.on("SIGHUP", () => void reloadConfig(store, logger));
  await stopped;
  await agent.stop();
  return 0;
}
