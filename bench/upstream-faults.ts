// How the bench's upstream fails where it is told to fail now and then: in each of the ways that leave something behind
// in a careless gateway, one after the other.
import type { Socket } from 'bun';

const FAULTS: readonly ((socket: Socket<unknown>) => void)[] = [
  (socket) => socket.write(whole('500 Internal Server Error', '{"error":{"message":"broken"}}')),
  (socket) => socket.write(whole('429 Too Many Requests', '{"error":{"message":"slow down"}}', 'retry-after: 1\r\n')),
  (socket) => socket.write(whole('200 OK', '<html>not what was asked for</html>')),
  // A broken connection before a byte, and one in the middle of an answer.
  (socket) => socket.terminate(),
  (socket) => {
    socket.write('HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n{"id":');
    socket.terminate();
  },
  // Silence, until the other side has had enough.
  () => undefined,
];

let failed = 0;

export function failSomehow(socket: Socket<unknown>): void {
  FAULTS[failed % FAULTS.length]?.(socket);
  failed += 1;
}

function whole(status: string, body: string, headers = ''): string {
  return `HTTP/1.1 ${status}\r\ncontent-type: application/json\r\n${headers}content-length: ${body.length}\r\n\r\n${body}`;
}
