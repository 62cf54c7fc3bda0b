// The list of commands. A new one is a file of its own and a line here; docs/reference/cli.md is made from it.
import type { Command } from './command.ts';

/** Loaded when asked for, so that `start` does not pay for the others, nor they for the gateway. */
export const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  start: async () => (await import('./start.ts')).start,
  'account create': async () => (await import('./account-create.ts')).accountCreate,
  'account list': async () => (await import('./account-list.ts')).accountList,
  'account update': async () => (await import('./account-update.ts')).accountUpdate,
  'key create': async () => (await import('./key-create.ts')).keyCreate,
  'key list': async () => (await import('./key-list.ts')).keyList,
  'key update': async () => (await import('./key-update.ts')).keyUpdate,
  'key revoke': async () => (await import('./key-revoke.ts')).keyRevoke,
  grant: async () => (await import('./grant.ts')).grant,
  balance: async () => (await import('./balance.ts')).balance,
  'plan list': async () => (await import('./plan-list.ts')).planList,
  'model list': async () => (await import('./model-list.ts')).modelList,
  'task show': async () => (await import('./task-show.ts')).taskShow,
  usage: async () => (await import('./usage.ts')).usage,
  'cost import': async () => (await import('./cost-import.ts')).costImport,
  'cost list': async () => (await import('./cost-list.ts')).costList,
  margin: async () => (await import('./margin.ts')).margin,
  drift: async () => (await import('./drift.ts')).drift,
  audit: async () => (await import('./audit.ts')).audit,
  doctor: async () => (await import('./doctor.ts')).doctor,
};
