// Refuses a master secret other than the one which the database's keys were made with. With a wrong one every key of
// every customer would look invalid, and new keys would be lost when the right one comes back.
import type { Session } from './connection.ts';

export async function checkSecret(session: Session, secretCheck: string): Promise<void> {
  // The first process to start leaves its value; processes that start together agree on one.
  await session.unsafe('INSERT INTO secret_check (value) VALUES ($1) ON CONFLICT DO NOTHING', [secretCheck]);
  const [row] = await session.unsafe('SELECT value FROM secret_check');
  if (row.value !== secretCheck)
    throw new Error(
      'its keys were made with another master secret. Set TOLMACH_SECRET to that one, the same for all processes on this database',
    );
}
