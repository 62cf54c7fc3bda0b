// Ordinary streams, to see what they feel of something else that goes on.
import { expect } from 'bun:test';
import type { Customer, GatewayClient } from '../../src/testing/gateway-client.ts';

const ROUNDS = 5;
const LANES = 8;
const STREAMS_A_LANE = 50;
const QUANTILE = 0.99;

/**
 * The 99th percentile of how long ordinary streams take, in milliseconds: that of the calmest of some rounds, for the
 * machine has other things to do as well.
 */
export async function ordinaryStreamsP99Ms(gateway: GatewayClient, customer: Customer): Promise<number> {
  const rounds: number[] = [];
  for (let i = 0; i < ROUNDS; i++) rounds.push(await roundMs(gateway, customer));
  return Math.min(...rounds);
}

async function roundMs(gateway: GatewayClient, customer: Customer): Promise<number> {
  const taken: number[] = [];
  const body = { model: 'strict', stream: true, messages: [{ role: 'user', content: 'x' }] };
  const lane = async () => {
    for (let i = 0; i < STREAMS_A_LANE; i++) {
      const startedMs = performance.now();
      const answer = await gateway.chat(customer, body);
      expect(await answer.text()).toContain('[DONE]');
      taken.push(performance.now() - startedMs);
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  taken.sort((a, b) => a - b);
  return taken[Math.floor(taken.length * QUANTILE)] as number;
}
