// `tolmach plan list`: the plans in force.
import type { Plan } from '../core/plan.ts';
import type { Command } from './command.ts';
import { table } from './command.ts';

export const planList: Command = {
  name: 'plan list',
  about: 'List the plans.',
  options: {},
  async run({ admin }) {
    const answer = await admin.call<{ plans: Plan[] }>('GET', 'plans');
    const rows = answer.plans.map((plan) => [
      plan.id,
      plan.name,
      plan.api ? 'yes' : 'no',
      String(plan.dailyRequests),
      String(plan.version),
    ]);
    return { json: answer, lines: table([['ID', 'NAME', 'API', 'REQUESTS A DAY', 'VERSION'], ...rows]) };
  },
};
