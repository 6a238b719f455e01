// A receiver of Alertmanager's webhook: keeps what it was told.

import { createServer, type Server } from "node:http";

/** https://prometheus.io/docs/alerting/latest/configuration/#webhook_config */
export interface Message {
  readonly status: "firing" | "resolved";
  readonly receiver: string;
  readonly alerts: readonly {
    readonly status: "firing" | "resolved";
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations: Readonly<Record<string, string>>;
  }[];
}

export class Webhook {
  readonly messages: Message[] = [];
  readonly #server: Server;
  #port = 0;

  constructor() {
    this.#server = createServer((request, response) => {
      let body = "";
      request.setEncoding("utf8");
      request.on("data", (chunk: string) => {
        body += chunk;
      });
      request.on("end", () => {
        this.messages.push(JSON.parse(body) as Message);
        response.end();
      });
    });
  }

  async listen(): Promise<`http://${string}`> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    const address = this.#server.address();
    if (address !== null && typeof address === "object") this.#port = address.port;
    return `http://127.0.0.1:${this.#port}/alerts`;
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}
