// The shape of the configuration of the response cache.
import { z } from 'zod';

export const responseCache = z.strictObject({
  ttlMs: z.int().min(1_000).max(86_400_000).default(600_000).describe('How long an answer is given again.'),
  chars: z
    .int()
    .min(0)
    .default(16 * 1024 * 1024)
    .describe('Characters of all answers that are kept in memory; 0 keeps none.'),
  hitPercent: z
    .int()
    .min(0)
    .max(100)
    .default(10)
    .describe('What an answer from the cache costs, in percent of its price, rounded up.'),
});
