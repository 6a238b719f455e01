// A port of loopback in front of an agent's Unix socket: `npm start -- --stay` shows its metrics there.

import { connect, createServer, type Server } from "node:net";

/** The metrics of an agent that listens on a Unix socket, on a port of loopback: 9090, or any where that is taken. */
export async function forward(socketPath: string): Promise<Server> {
  const server = createServer((client) => {
    const agent = connect(socketPath);
    client.pipe(agent).pipe(client);
    client.on("error", () => agent.destroy());
    agent.on("error", () => client.destroy());
  });
  for (const wanted of [9090, 0]) {
    const listening = await new Promise<boolean>((resolve) => {
      server.once("error", () => resolve(false));
      server.listen(wanted, "127.0.0.1", () => resolve(true));
    });
    if (listening) return server;
  }
  throw new Error("no free port on loopback");
}

export function port(server: Server): number {
  const address = server.address();
  return typeof address === "object" && address ? address.port : 0;
}
