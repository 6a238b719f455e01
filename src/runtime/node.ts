// `piston node`: the agent as a process, until a signal ends it.

import { readdirSync } from "node:fs";
import { type Agent, startAgent } from "./agent.ts";
import { BpfUnavailableError } from "./bpf/index.ts";
import { type ConfigInput, ConfigStore, loadConfig } from "./config/index.ts";
import { reloadConfig } from "./config/reload.ts";
import { describeFault, messageOf, RuntimeFault } from "./errors.ts";
import { createLogger, type Logger } from "./log.ts";
import { capabilityNames, dropOthers, readCredentials } from "./security/capabilities.ts";
import { hostAt } from "./security/host.ts";
import { aborted, stopSignal } from "./stop-signal.ts";

/**
 * Resolves to the exit code when SIGTERM or SIGINT has come, or to 1 where the agent cannot start. Filtering goes on,
 * unless shutdown.detachOnExit. Throws ConfigError where the configuration has faults.
 */
export async function runNode(input: ConfigInput): Promise<number> {
  const { config, warnings } = await loadConfig(input);
  const logger = createLogger(config.log);
  for (const warning of warnings) logger.warn({ event: "config-warning" }, warning);
  const store = new ConfigStore(config, () => loadConfig(input), input.file);
  store.onChange("log.level", (next) => {
    logger.level = next.log.level;
  });
  const signal = stopSignal();
  process.on("SIGHUP", () => void reloadConfig(store, logger));
  let agent: Agent;
  try {
    agent = await startAgent({ config, logger, changes: store, signal });
  } catch (error) {
    sayWhyNot(error, logger);
    return 1;
  }
  if (config.security.dropCapabilities) dropPrivileges(logger);
  await aborted(signal);
  await agent.stop();
  return 0;
}

/** For the process as a whole, so it is not the agent's own to do. Worker threads that come later have what this one has. */
function dropPrivileges(logger: Logger): void {
  const host = hostAt();
  try {
    const unreached = dropOthers(host, () => readdirSync("/proc/self/task"));
    const kept = capabilityNames(readCredentials(host).permitted);
    if (unreached.length === 0) {
      logger.info({ event: "capabilities-dropped", kept }, `capabilities kept: ${kept.join(", ")}`);
      return;
    }
    const help =
      "start node with --disable-sigusr1: its signal inspector blocks every signal, and should not listen here anyway";
    const fields = {
      event: "capabilities-dropped",
      code: "capabilities-kept",
      kept,
      threads: unreached,
      help,
    };
    logger.warn(fields, `threads that could not be reached keep their capabilities: ${unreached.join(", ")}`);
  } catch (error) {
    logger.warn(
      { event: "capabilities-dropped", ...describeFault(error) },
      `capabilities stay as they are: ${messageOf(error)}`,
    );
  }
}

/** One line, which names what is missing and the remedy. */
function sayWhyNot(error: unknown, logger: Logger): void {
  const known = error instanceof RuntimeFault || error instanceof BpfUnavailableError;
  const stack = known || !(error instanceof Error) ? {} : { stack: error.stack };
  const fields = { event: "start-failed", ...describeFault(error), ...stack };
  logger.error(fields, `the agent cannot start: ${messageOf(error)}`);
}
