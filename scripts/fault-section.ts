// The fault table in plain words, as docs/billing-policy.md shows it to customers.
import type { CallKind, FaultRow, Outcome, Retry } from '../src/testing/faults/fault-row.ts';
import { CALL_KINDS } from '../src/testing/faults/fault-row.ts';
import { FAULT_TABLE } from '../src/testing/faults/fault-table.ts';

const BEGIN = '<!-- Made by `npm run docs` from `src/testing/faults/fault-table.ts`. Do not edit. -->';
const END = '<!-- The end of what is made. -->';

const HEAD = [
  'What goes wrong',
  'Tried again',
  'Whole answer',
  'Stream',
  'Task',
  'Picture',
  'Picture as a job',
  'Besides',
];
const TRIED_AGAIN: Readonly<Record<Retry, string>> = { safe: 'yes', once: 'text only', never: 'no' };

/** The page with its table as the data has it today. Throws where the page has no place for it. */
export function withFaultSection(page: string): string {
  const [before, rest] = page.split(BEGIN);
  const after = rest?.split(END)[1];
  if (before === undefined || after === undefined) throw new Error('the page has no place for the fault table');
  const rows = FAULT_TABLE.filter((row) => CALL_KINDS.some((kind) => row.ends[kind] !== null)).map(cellsOf);
  return `${before}${BEGIN}\n\n${alignedTable([HEAD, ...rows])}\n\n${END}${after}`;
}

function cellsOf(row: FaultRow): string[] {
  const failing = CALL_KINDS.filter((kind) => (row.ends[kind]?.code ?? null) !== null);
  const isTried = failing.some((kind) => row.retry === 'safe' || !isPicture(kind));
  return [
    row.fault,
    isTried ? TRIED_AGAIN[row.retry] : 'no',
    ...CALL_KINDS.map((kind) => inWords(kind, row.ends[kind])),
    row.note ?? '',
  ];
}

const isPicture = (kind: CallKind) => kind === 'image' || kind === 'job';

function inWords(kind: CallKind, outcome: Outcome | null): string {
  if (outcome === null) return '–';
  const { status, code } = outcome;
  const charge = chargeInWords(kind, outcome);
  if (code === null) return `answered; ${charge}`;
  if (status === 499) return charge;
  if (status === 200) return `ends with \`${code}\`; ${charge}`;
  return kind === 'task' && status === 202 ? `fails with \`${code}\`; ${charge}` : `${status} \`${code}\`; ${charge}`;
}

function chargeInWords(kind: CallKind, { hold, code }: Outcome): string {
  switch (hold) {
    case 'unheld':
    case 'void':
    case 'loss':
      return 'nothing';
    case 'usage':
      return 'its price';
    case 'delivered':
      if (code !== null) return 'what was delivered';
      return isPicture(kind) ? 'its price' : 'what was delivered, by our count';
  }
}

/** As the formatter of the project's Markdown has tables. */
function alignedTable(rows: readonly (readonly string[])[]): string {
  const widths = HEAD.map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  const line = (cells: readonly string[], pad: string) =>
    `| ${widths.map((width, column) => (cells[column] ?? '').padEnd(width, pad)).join(' | ')} |`;
  const [head = [], ...body] = rows;
  return [line(head, ' '), line([], '-'), ...body.map((row) => line(row, ' '))].join('\n');
}
