// What a gateway's metrics tell of its event loop and its alarms.

export type LoopFigures = {
  /** Times that the program itself kept the loop busy for more than 100 ms. */
  readonly stalls: number;
  /** Times that the loop was late by more than 100 ms for whatever reason: a busy machine as well. */
  readonly lateness: number;
  /** Alarms by event, as one text each. */
  readonly alarms: readonly string[];
};

const STALL_S = '0.1';

export async function readLoopFigures(url: string): Promise<LoopFigures> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return {
    stalls: above(text, 'tolmach_event_loop_busy_seconds'),
    lateness: above(text, 'tolmach_event_loop_delay_seconds'),
    alarms: text.split('\n').filter((line) => line.startsWith('tolmach_alarms_total{')),
  };
}

/** Observations above the bound: all but those in its bucket. */
function above(text: string, name: string): number {
  const value = (suffix: string) => {
    const line = text.split('\n').find((one) => one.startsWith(`${name}${suffix} `));
    if (line === undefined) throw new Error(`no metric ${name}${suffix}`);
    return Number(line.split(' ')[1]);
  };
  return value('_count') - value(`_bucket{le="${STALL_S}"}`);
}
