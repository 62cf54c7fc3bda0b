// Tells logs and metrics what happened to calls.
import type { Reporter } from '../pipeline/gateway.ts';
import type { Log } from './log.ts';
import type { Metrics } from './metrics.ts';

export function makeReporter(log: Log, metrics: Metrics): Reporter {
  return {
    call(report) {
      const { dialect, endpoint } = report;
      metrics.calls.inc({ dialect, endpoint, provider: report.provider ?? 'none', code: report.errorCode ?? 'ok' });
      metrics.duration.observe({ endpoint }, report.durationMs / 1000);
      if (report.firstByteMs !== null) metrics.firstByte.observe({ endpoint }, report.firstByteMs / 1000);
      if (report.inputTokens > 0) metrics.tokens.inc({ direction: 'input' }, report.inputTokens);
      if (report.outputTokens > 0) metrics.tokens.inc({ direction: 'output' }, report.outputTokens);
      if (report.unpaidAttempts > 0)
        metrics.unpaidAttempts.inc({ provider: report.provider ?? 'none' }, report.unpaidAttempts);
      if (report.charge > 0) metrics.charged.inc({ unit: report.unit }, report.charge);
      log.info(report, 'call');
    },
    attempt(report) {
      metrics.attempts.inc({ provider: report.provider, code: report.errorCode ?? 'ok' });
      if (report.errorCode === null) log.debug(report, 'attempt');
      else log.warn(report, 'attempt');
    },
    refusal(code, dialect, endpoint) {
      metrics.refusals.inc({ dialect, code });
      log.debug({ code, dialect, endpoint }, 'refusal');
    },
    alarm(event, fields) {
      metrics.alarms.inc({ event });
      log.error(fields, event);
    },
  };
}
