// Waiting for what another process or the kernel will do: asked again and again, never slept for.

const POLL_MS = 25;

type Not = null | undefined | false;

/** The first answer that is one: not null, undefined or false. Throws with what `describe` says after `timeoutMs`. */
export async function until<T>(
  ask: () => Promise<T | Not> | T | Not,
  describe: () => string,
  timeoutMs = 120_000,
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const answer = await ask();
    if (answer !== null && answer !== undefined && answer !== false) return answer;
    if (performance.now() > deadline) throw new Error(`what was waited for did not come: ${describe()}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
