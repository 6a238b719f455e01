// SIGTERM and SIGINT to an AbortSignal.

const STOP_SIGNALS = ["SIGTERM", "SIGINT"] as const;

/** Aborts at the first SIGTERM or SIGINT. From then on both do what they do by themselves: a second one ends the process at once. */
export function stopSignal(): AbortSignal {
  const controller = new AbortController();
  const onSignal = () => {
    for (const name of STOP_SIGNALS) process.removeListener(name, onSignal);
    controller.abort();
  };
  for (const name of STOP_SIGNALS) process.on(name, onSignal);
  return controller.signal;
}
