// No webhook reaches an address that is not on the public internet, however it is written and whatever its name leads to.
import { afterAll, describe, expect, test } from 'bun:test';
import type { Socket } from 'node:net';
import { createServer } from 'node:net';
import { isPublicAddress } from '../../src/upstream/public-address.ts';
import { openWebhookDoor } from '../../src/upstream/webhook-door.ts';

const MESSAGE = { body: '{}', headers: {} };
const secretOf = () => 'secret';

/** Spellings of addresses that are loopback, private, link-local, metadata, shared, multicast or wrapped IPv4. */
const INNER_URLS = [
  'https://127.0.0.1/',
  'https://127.1/',
  'https://2130706433/',
  'https://0x7f000001/',
  'https://0x7f.0.0.1/',
  'https://0177.0.0.1/',
  'https://017700000001/',
  'https://127.0.0.1./',
  'https://①②⑦.⓪.⓪.①/',
  'https://１２７.0.0.1/',
  'https://0/',
  'https://0.0.0.0/',
  'https://10.0.0.1/',
  'https://172.16.0.1/',
  'https://172.31.255.255/',
  'https://192.168.1.1/',
  'https://169.254.169.254/latest/meta-data/',
  'https://0xa9fea9fe/',
  'https://100.64.0.1/',
  'https://100.127.255.255/',
  'https://192.0.0.1/',
  'https://198.18.0.1/',
  'https://224.0.0.1/',
  'https://255.255.255.255/',
  'https://[::1]/',
  'https://[::]/',
  'https://[0:0:0:0:0:0:0:1]/',
  'https://[::ffff:127.0.0.1]/',
  'https://[::ffff:7f00:1]/',
  'https://[0:0:0:0:0:ffff:a9fe:a9fe]/',
  'https://[::127.0.0.1]/',
  'https://[64:ff9b::7f00:1]/',
  'https://[64:ff9b:1::a00:1]/',
  'https://[2002:7f00:1::]/',
  'https://[2001:0:7f00:1::]/',
  'https://[fe80::1]/',
  'https://[fec0::1]/',
  'https://[fc00::1]/',
  'https://[fd00:ec2::254]/',
  'https://[ff02::1]/',
  'https://[2001:db8::1]/',
];

/** Written in a way that is refused before anything is asked. */
const WRONG_URLS = [
  '',
  'example.org',
  '//example.org',
  'http://example.org/',
  'ftp://example.org/',
  'file:///etc/passwd',
  'javascript:alert(1)',
  'https://user:secret@example.org/',
  'https://user@example.org/',
  'https://example.org:8443/',
  'https://example.org:22/',
  'https://[::1%25lo]/',
];

function failureOf(sent: Promise<number>): Promise<string> {
  return sent.then(
    (status) => Promise.reject(new Error(`it was sent and answered ${status}`)),
    (error: Error) => error.message,
  );
}

describe('an address', () => {
  test('of the public internet is public', () => {
    const open = ['1.1.1.1', '8.8.8.8', '93.184.216.34', '172.32.0.1', '100.128.0.1', '192.167.0.1', '223.255.255.255'];
    for (const address of [...open, '2606:4700:4700::1111', '2a02:6b8::2:242', '2001:4860:4860::8888'])
      expect([address, isPublicAddress(address)]).toEqual([address, true]);
  });

  test('that cannot be read is not public', () => {
    for (const address of [
      '',
      'localhost',
      '1.2.3',
      '1.2.3.4.5',
      '256.1.1.1',
      '01.2.3.4.',
      // Ten, and so an inner network, to readers who take a zero in front for octal.
      '012.2.3.4',
      '8.8.8.08',
      '1::2::3',
      ':::',
      '2001:::1',
    ])
      expect([address, isPublicAddress(address)]).toEqual([address, false]);
    for (const address of ['2a02:6b8::1%eth0', '2a02:6b8', '2a02:6b8:1:2:3:4:5:6:7', '12345::1', 'g::1'])
      expect([address, isPublicAddress(address)]).toEqual([address, false]);
  });
});

describe('a webhook', () => {
  const door = openWebhookDoor({ allowHosts: [], secretOf });

  test.each(INNER_URLS)('is not accepted for %s', async (url) => {
    expect(door.problemOf(url)).toBeString();
    expect(await failureOf(door.post(url, MESSAGE))).toBeString();
  });

  test.each(WRONG_URLS)('is not accepted for %p', (url) => {
    expect(door.problemOf(url)).toBeString();
  });

  test('to a name is refused at each connection when any of its addresses is an inner one', async () => {
    let addresses = ['127.0.0.1'];
    const naming = openWebhookDoor({ allowHosts: [], secretOf, resolve: async () => addresses });
    for (addresses of [['127.0.0.1'], ['::1'], ['1.1.1.1', '10.0.0.1'], ['169.254.169.254'], ['::ffff:8.8.8.8']])
      expect(await failureOf(naming.post('https://rebinding.example/', MESSAGE))).toContain(
        'the address is not public',
      );
    addresses = [];
    expect(await failureOf(naming.post('https://nowhere.example/', MESSAGE))).toContain('the host has no address');
  });

  test('to localhost and its like is refused by what they lead to', async () => {
    for (const name of ['localhost', 'localhost.', 'LOCALHOST'])
      expect(await failureOf(door.post(`https://${name}/`, MESSAGE))).toBeString();
  });
});

describe('a customer’s server', () => {
  const sockets = new Set<Socket>();
  let said = '';
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    if (said !== '') socket.write(said);
  });
  const listening = new Promise<number>((resolve) =>
    server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port)),
  );
  afterAll(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const send = async (answer: string, scheme = 'http') => {
    said = answer;
    const host = `127.0.0.1:${await listening}`;
    const door = openWebhookDoor({ allowHosts: [host], secretOf, limitMs: 300 });
    return door.post(`${scheme}://${host}/`, MESSAGE);
  };

  test('may answer without end: only the status is read', async () => {
    expect(await send(`HTTP/1.1 204 Fine\r\n\r\n${'x'.repeat(1_000_000)}`)).toBe(204);
    expect(await send('HTTP/1.1 302 Found\r\nlocation: http://169.254.169.254/\r\n\r\n')).toBe(302);
  });

  test('that says nothing, speaks too slowly or no HTTP is given up in time', async () => {
    expect(await failureOf(send(''))).toContain('too long');
    expect(await failureOf(send('HTTP/1.1 2'))).toContain('too long');
    expect(await failureOf(send('y'.repeat(10_000)))).toContain('no HTTP');
  });

  test('without a valid certificate is not spoken to', async () => {
    expect(await failureOf(send('HTTP/1.1 200 OK\r\n\r\n', 'https'))).toBeString();
  });
});
