// What the load process can be asked to do, and what it answers: one job per process, as JSON.

/** Where a job sends its requests. `pids` are the processes whose CPU time and memory are read. */
export type Destination = {
  readonly port: number;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly pids: readonly number[];
};

export type Job =
  /** Every connection sends its next call when the last is answered. */
  | {
      readonly kind: 'closed';
      readonly to: Destination;
      readonly connections: number;
      readonly warmUpMs: number;
      readonly measureMs: number;
    }
  /** Calls start at a fixed rate, whatever the target does. */
  | {
      readonly kind: 'paced';
      readonly to: Destination;
      readonly connections: number;
      readonly perSecond: number;
      readonly warmUpMs: number;
      readonly measureMs: number;
    }
  /** Opens all streams and reads each to its end, which must come within `limitMs`. */
  | {
      readonly kind: 'streams';
      readonly to: Destination;
      readonly streams: number;
      readonly frames: number;
      readonly limitMs: number;
    };

export type CallsResult = {
  readonly calls: number;
  readonly elapsedMs: number;
  readonly cpuUs: number;
  readonly p50Us: number;
  readonly p99Us: number;
};

export type StreamsResult = {
  readonly events: number;
  readonly reads: number;
  readonly elapsedMs: number;
  readonly cpuUs: number;
  /** The most resident memory seen while all streams were open. */
  readonly residentMaxKb: number;
};

export type ResultOf<J extends Job> = J extends { kind: 'streams' } ? StreamsResult : CallsResult;

export function requestBytes(to: Destination): Buffer {
  const headers = Object.entries(to.headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.from(
    `POST ${to.path} HTTP/1.1\r\nhost: 127.0.0.1:${to.port}\r\ncontent-type: application/json\r\naccept: */*\r\n` +
      `user-agent: tolmach-bench\r\n${headers.join('')}content-length: ${Buffer.byteLength(to.body)}\r\n\r\n${to.body}`,
  );
}
