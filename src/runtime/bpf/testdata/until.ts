// Waiting for what the event loop will bring.

/** One turn of the event loop. */
export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Turns until the condition holds; throws after a minute. */
export async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 60_000;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`waited a minute for ${condition.toString()}`);
    await turn();
  }
}
