// The part of the configuration file about time limits and sizes: every size, queue and wait of the program has its
// bound here.
import { z } from 'zod';

export const milliseconds = z.int().min(1).max(86_400_000);
const bytes = z.int().min(1_024);

export const timeouts = z.strictObject({
  connectMs: milliseconds.default(5_000).describe('How long connecting to a provider may take.'),
  firstByteMs: milliseconds.default(120_000).describe('How long a provider may take to begin its answer.'),
  idleMs: milliseconds.default(60_000).describe('How long a provider may be silent in the middle of an answer.'),
  providerQueueMs: milliseconds
    .default(60_000)
    .describe('How long a call may wait for its turn at a provider that takes few at once.'),
  callMs: milliseconds.default(600_000).describe('How long a call may take, with all its attempts.'),
  drainMs: milliseconds.default(60_000).describe('How long a stopping process waits for running calls.'),
  keepAliveMs: milliseconds.default(15_000).describe('How long a stream is silent before a comment keeps it open.'),
  stalledReaderMs: milliseconds.default(60_000).describe('How long a client may read nothing before it is cut off.'),
  quietClientMs: z
    .int()
    .min(1_000)
    .max(255_000)
    .default(60_000)
    .describe(
      'How long a connection of a client may be quiet outside of a call, in steps of about 4 s. A request must come whole within it; one of more than a megabyte gets 8 s more for each megabyte, up to 255 s.',
    ),
  processLeaseMs: z
    .int()
    .min(1_000)
    .max(600_000)
    .default(15_000)
    .describe(
      'With PostgreSQL: how long a process may be silent before the others take it for dead, end its calls with no charge and go on with its tasks. The same for all processes on a database.',
    ),
});

export const bounds = z.strictObject({
  bodyBytes: bytes.default(32 * 1024 * 1024).describe('Bytes of a request body.'),
  openBodyBytes: bytes
    .optional()
    .describe(
      "Bytes of all request bodies above 64 KiB that may lie in memory at once, while they come and while they are answered. One account may have a quarter of it, and so may all those together whose key is in the body. Unless told, a quarter of the machine's memory.",
    ),
  answerBytes: bytes.default(32 * 1024 * 1024).describe("Bytes of a provider's whole answer."),
  eventChars: z
    .int()
    .min(1_024)
    .default(1024 * 1024)
    .describe("Characters of one event of a provider's stream."),
  streamBytes: bytes.default(64 * 1024 * 1024).describe("Bytes of a provider's stream."),
  streamReceiveBytes: z
    .int()
    .min(4_096)
    .max(16 * 1024 * 1024)
    .default(32 * 1024)
    .describe(
      "Bytes of a provider's stream that the system takes in ahead of its reader; it may allow fewer. Each client that stalls costs up to twice as much memory. From a provider that is 150 ms away come some seven times as many in a second: enough for a thousand words, few for pictures within streams.",
    ),
  replayChars: z
    .int()
    .min(0)
    .default(1024 * 1024)
    .describe(
      'Characters of an answer that is kept for a day where the call has an `Idempotency-Key`; longer ones are not.',
    ),
  recordingChars: z
    .int()
    .min(0)
    .default(64 * 1024 * 1024)
    .describe('Characters of all streams that are being recorded for that at once; beyond them streams are not kept.'),
  waitingWrites: z.int().min(1).default(50_000).describe('Operations that may wait for the store.'),
  failuresInRow: z
    .int()
    .min(1)
    .default(10)
    .describe('Failures in a row after which a provider of a model is not asked before it has rested.'),
  openCalls: z
    .int()
    .min(1)
    .default(10_000)
    .describe('Calls that may run at once. Where the process cannot bear as many it takes fewer.'),
  openCallsPerKey: z.int().min(0).default(2_000).describe('Calls of one key that may run at once.'),
  openCallsPerAccount: z.int().min(0).default(4_000).describe('Calls of one account that may run at once.'),
  waitingForProvider: z
    .int()
    .min(1)
    .default(1_000)
    .describe('Calls that may wait for their turn at one provider before more are refused.'),
});
