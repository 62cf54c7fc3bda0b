// `tolmach task show`: what became of a task. The customer's text and the answer are not shown: they are the customer's.
import type { Command } from './command.ts';

type Task = {
  id: number;
  status: string;
  account: string;
  call: string;
  error: string | null;
  createdAt: string;
  endedAt: string | null;
};

export const taskShow: Command = {
  name: 'task show',
  about: 'Show what became of a task.',
  options: {},
  words: ['ID'],
  async run({ words: [id = ''], admin }) {
    const task = await admin.call<Task>('GET', `tasks/${encodeURIComponent(id)}`);
    const ended = task.endedAt === null ? '' : `, ended ${task.endedAt}`;
    const error = task.error === null ? '' : `, ${task.error}`;
    const lines = [
      `task ${task.id}  ${task.status}${error}`,
      `account ${task.account}, call ${task.call}`,
      `created ${task.createdAt}${ended}`,
    ];
    return { json: task, lines };
  },
};
