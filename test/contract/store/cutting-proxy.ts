// A TCP proxy before a PostgreSQL server that loses what the server answers to a COMMIT, so that the client cannot
// know whether its transaction is durable.
import type { AddressInfo, Server, Socket } from 'node:net';
import { connect, createServer } from 'node:net';

export class CuttingProxy {
  /** What the answers in question begin with: those to a COMMIT, or to a statement that is a transaction of its own. */
  command = 'COMMIT\0';
  /** Of so many of them one is lost. */
  cutsOneOf = Number.POSITIVE_INFINITY;
  /** Whether connections are refused after such a loss, as by a server that went down. */
  goesDown = false;
  isDown = false;
  cut = 0;
  #commits = 0;
  readonly #server: Server;

  private constructor(databaseUrl: string) {
    this.#server = createServer((client) =>
      this.#link(client, connect(Number(new URL(databaseUrl).port), '127.0.0.1')),
    );
  }

  static async start(databaseUrl: string): Promise<{ proxy: CuttingProxy; url: string }> {
    const proxy = new CuttingProxy(databaseUrl);
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve));
    const url = new URL(databaseUrl);
    url.port = String((proxy.#server.address() as AddressInfo).port);
    return { proxy, url: url.href };
  }

  stop(): void {
    this.#server.close();
  }

  #link(client: Socket, server: Socket): void {
    const end = () => {
      client.destroy();
      server.destroy();
    };
    for (const socket of [client, server]) socket.on('error', end).on('close', end);
    if (this.isDown) {
      end();
      return;
    }
    client.on('data', (data: Buffer) => server.write(data));
    server.on('data', (data: Buffer) => {
      // The server tells that a commit has happened; the client only sees the connection break.
      const isCut = data.includes(this.command) && ++this.#commits % this.cutsOneOf === 0;
      if (!isCut) {
        client.write(data);
        return;
      }
      this.cut += 1;
      this.isDown = this.goesDown;
      end();
    });
  }
}
