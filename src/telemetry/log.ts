// Structured logs, one JSON object a line on standard error. Only typed reports reach them (reporter.ts), never
// requests, bodies or keys, so that nothing secret can be logged by accident.
import pino from 'pino';
import type { LogLevel } from '../config.ts';

export type Log = pino.Logger;

/** How long a line may wait in memory. A crash can lose lines of that time; money never depends on them. */
const FLUSH_MS = 200;

export function openLog(level: LogLevel): { log: Log; close(): void } {
  // Lines are gathered and written together: a write for each call would cost more than the line itself.
  const destination = pino.destination({ fd: 2, sync: false, minLength: 8192 });
  const log = pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    destination,
  );
  const timer = setInterval(() => destination.flush(), FLUSH_MS);
  timer.unref();
  return {
    log,
    close() {
      clearInterval(timer);
      try {
        destination.flushSync();
      } catch {
        // Standard error may be closed already, and then there is nobody left to tell.
      }
    },
  };
}
