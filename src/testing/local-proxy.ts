// A proxy on this machine that speaks HTTP's CONNECT and SOCKS5 on one port, told apart by the first byte, and misbehaves
// on request.
import type { AddressInfo, Server, Socket } from 'node:net';
import { connect, createServer } from 'node:net';

type Behaviour = 'works' | 'trickle' | 'refuse' | 'close' | 'nonsense' | 'surplus' | 'endless' | 'silent';

const SOCKS = 5;
const OPENED = Uint8Array.of(SOCKS, 0, 0, 1, 127, 0, 0, 1, 0, 80);

export class LocalProxy {
  /** Where it was asked to connect to, in order. */
  readonly asked: string[] = [];
  /** What was sent through it. */
  readonly passed: Buffer[] = [];
  connections = 0;
  behaviour: Behaviour = 'works';
  login: { readonly user: string; readonly password: string } | undefined;
  readonly #server: Server = createServer((socket) => this.#accept(socket));
  readonly #open = new Set<Socket>();

  static async start(): Promise<LocalProxy> {
    const proxy = new LocalProxy();
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  reset(): void {
    for (const socket of this.#open) socket.destroy();
    this.asked.length = 0;
    this.passed.length = 0;
    this.connections = 0;
    this.behaviour = 'works';
    this.login = undefined;
  }

  /** Resolves when nobody is connected. Throws if somebody stays. */
  async closed(withinMs = 1_000): Promise<void> {
    const untilMs = performance.now() + withinMs;
    while (this.#open.size > 0) {
      if (performance.now() > untilMs) throw new Error(`${this.#open.size} connections to the proxy are open`);
      await Bun.sleep(2);
    }
  }

  async stop(): Promise<void> {
    this.reset();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  async #accept(socket: Socket): Promise<void> {
    this.connections += 1;
    this.#open.add(socket);
    socket.on('close', () => this.#open.delete(socket));
    socket.on('error', () => undefined);
    // Each write of an endless answer listens for the end.
    socket.setMaxListeners(0);
    const incoming = new Incoming(socket);
    const first = await incoming.take(1);
    if (this.behaviour === 'silent') return;
    if (this.behaviour === 'close') socket.end();
    else if (this.behaviour === 'nonsense') socket.write('220 mail.test ESMTP\r\n\r\n');
    else if (this.behaviour === 'endless') while (!socket.destroyed) await this.#pour(socket, first[0] === SOCKS);
    else if (first[0] === SOCKS) await this.#serveSocks(socket, incoming);
    else await this.#serveConnect(socket, incoming);
  }

  /** Headers without an end; SOCKS has no endless answer, so that there it is one of a wrong version. */
  async #pour(socket: Socket, isSocks: boolean): Promise<void> {
    const bytes = isSocks ? Buffer.alloc(65_536, 9) : `HTTP/1.1 200 OK\r\n${'x: y\r\n'.repeat(10_000)}`;
    await new Promise((resolve) => {
      socket.once('close', resolve);
      socket.write(bytes, resolve);
    });
  }

  async #serveConnect(socket: Socket, incoming: Incoming): Promise<void> {
    const head = (await incoming.takeHead()).toString();
    // The first byte of the method was taken to tell the protocols apart.
    const [, host = '', port = ''] = /^ONNECT (\S+):(\d+) HTTP\/1\.1\r\n/.exec(head) ?? [];
    const wanted = Buffer.from(`${this.login?.user}:${this.login?.password}`).toString('base64');
    const isAllowed = this.login === undefined || head.includes(`proxy-authorization: Basic ${wanted}\r\n`);
    if (!isAllowed) socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n');
    else if (this.behaviour === 'refuse') socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
    else this.#connect(socket, host.replace(/^\[|\]$/g, ''), Number(port), 'HTTP/1.1 200 OK\r\nvia: test\r\n\r\n');
  }

  async #serveSocks(socket: Socket, incoming: Incoming): Promise<void> {
    const methods = await incoming.take((await incoming.take(1))[0] as number);
    const method = this.login === undefined ? 0 : methods.includes(2) ? 2 : 255;
    await this.#say(socket, Uint8Array.of(SOCKS, method));
    if (method === 2) {
      await incoming.take(1);
      const user = (await incoming.take((await incoming.take(1))[0] as number)).toString();
      const password = (await incoming.take((await incoming.take(1))[0] as number)).toString();
      const isRight = user === this.login?.user && password === this.login.password;
      await this.#say(socket, Uint8Array.of(1, isRight ? 0 : 1));
      if (!isRight) return;
    }
    const kind = (await incoming.take(4))[3];
    const isName = kind === 3;
    const address = await incoming.take(isName ? ((await incoming.take(1))[0] as number) : kind === 1 ? 4 : 16);
    const host = isName ? address.toString() : [...address].join('.');
    const port = (await incoming.take(2)).readUInt16BE();
    if (this.behaviour === 'refuse') socket.end(Uint8Array.of(SOCKS, 2, 0, 1, 0, 0, 0, 0, 0, 0));
    else this.#connect(socket, host, port, OPENED);
  }

  #connect(socket: Socket, host: string, port: number, opened: string | Uint8Array): void {
    this.asked.push(`${host}:${port}`);
    const server = connect(port, host === 'localhost' ? '127.0.0.1' : host, async () => {
      await this.#say(socket, opened);
      if (this.behaviour === 'surplus') socket.write('HTTP/1.1 200 OK\r\n\r\n');
      socket.on('data', (bytes: Buffer) => this.passed.push(bytes));
      socket.pipe(server);
      server.pipe(socket);
    });
    server.on('error', () => socket.destroy());
    socket.on('close', () => server.destroy());
  }

  async #say(socket: Socket, text: string | Uint8Array): Promise<void> {
    if (this.behaviour === 'surplus') {
      // In one piece with what does not belong there.
      socket.write(Buffer.concat([Buffer.from(text), Buffer.from('surplus')]));
      return;
    }
    if (this.behaviour !== 'trickle') {
      socket.write(text);
      return;
    }
    socket.setNoDelay(true);
    for (const byte of Buffer.from(text)) {
      socket.write(Uint8Array.of(byte));
      await Bun.sleep(1);
    }
  }
}

/** The bytes of a socket, taken in parts. */
class Incoming {
  readonly #socket: Socket;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  async take(bytes: number): Promise<Buffer> {
    for (;;) {
      const taken = bytes === 0 ? Buffer.alloc(0) : (this.#socket.read(bytes) as Buffer | null);
      if (taken !== null) return taken;
      await this.#more();
    }
  }

  async takeHead(): Promise<Buffer> {
    const head: Buffer[] = [];
    while (!Buffer.concat(head).toString('latin1').endsWith('\r\n\r\n')) head.push(await this.take(1));
    return Buffer.concat(head);
  }

  #more(): Promise<void> {
    return new Promise((resolve) => this.#socket.once('readable', () => resolve()));
  }
}
