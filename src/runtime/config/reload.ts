// SIGHUP: the configuration read again, and every outcome as a log line.

import { describeFault, messageOf } from "../errors.ts";
import type { Logger } from "../log.ts";
import { ConfigError } from "./faults.ts";
import type { ConfigStore } from "./store.ts";

/** Never rejects. */
export async function reloadConfig(store: ConfigStore, logger: Logger): Promise<void> {
  try {
    const { applied, restart, failures, warnings } = await store.reload();
    for (const warning of warnings) logger.warn({ event: "config-warning" }, warning);
    for (const { path, error } of failures) {
      const fields = { event: "config-failed", path, ...describeFault(error) };
      logger.error(fields, `${path} stays as it was: ${messageOf(error)}`);
    }
    if (restart.length > 0) {
      const fields = { event: "config-restart-needed", keys: restart };
      logger.warn(fields, `changed, but in force only after a restart: ${restart.join(", ")}`);
    }
    const message =
      applied.length > 0 ? `now in force: ${applied.join(", ")}` : "nothing in force has changed";
    logger.info({ event: "config-reloaded", keys: applied }, message);
  } catch (error) {
    const faults = error instanceof ConfigError ? error.faults : [];
    const help = error instanceof ConfigError ? error.help : "";
    const fields = { event: "config-refused", faults, help };
    logger.error(fields, `the configuration is refused, and the old one stays in force: ${messageOf(error)}`);
  }
}
