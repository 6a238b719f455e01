// SIGTERM and SIGINT to an AbortSignal, and to a promise.

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

/** Resolves when it is aborted; at once where it is. */
export async function aborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener("abort", resolve));
}
