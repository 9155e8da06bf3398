/** The tables of the showcase, in plain text. */
import type { Outcome } from './attacks/attack.ts';
import type { RaisedAlert } from './monitoring.ts';

export interface Timed extends Outcome {
  readonly ms: number;
}

export interface Row {
  readonly kind: 'honest' | 'attack';
  readonly name: string;
  /** The heading that an attack stands under. */
  readonly chapter: string;
  /** For honest traffic, `stopped` is what must not be. */
  readonly bare: Timed;
  readonly bulwark: Timed;
  /** Codes that Bulwark may stop the attack with. */
  readonly expect: readonly string[];
}

export interface Showcase {
  readonly rows: readonly Row[];
  /** Names of the attacks that Bulwark let through. */
  readonly attacksThrough: readonly string[];
  /** Attacks that it stopped with another code than expected, each with that code. */
  readonly otherCodes: readonly string[];
  /** Names of the honest operations that one of the servers refused. */
  readonly honestRefused: readonly string[];
}

/** Colours, where the terminal has them. */
export type Paint = (style: 'bold' | 'green' | 'red', text: string) => string;

/** Without colours. */
export const plain: Paint = (_, text) => text;

/** What stands above the rows. */
export const introduction = [
  'Each line is sent to two servers with the same schema, resolvers and data: one without Bulwark,',
  'one with it.',
] as const;

/** The heading of a table, and what its rows mean. */
export function headTable(kind: Row['kind'], paint: Paint): string {
  const says =
    kind === 'honest'
      ? ['Honest operations. Both servers must answer them.']
      : [
          'Attacks. THROUGH: the attacker got what is named. Otherwise all they got is this status and code.',
          '"with Bulwark" must never be THROUGH.',
        ];
  return ['', ...says.map((line) => paint('bold', line)), '', layOut(['', 'without Bulwark', 'with Bulwark'])].join(
    '\n',
  );
}

/** One row, in as many lines as it needs. */
export function printRow(row: Row, paint: Paint): string {
  const [bare, bulwark] = [say(row, row.bare), say(row, row.bulwark)];
  const isWrong = row.bulwark.stopped === (row.kind === 'honest');
  return layOut(
    [row.name, bare, bulwark],
    [
      undefined,
      (text) => (row.bare.stopped ? text : row.kind === 'honest' ? text : paint('red', text)),
      (text) => paint(isWrong ? 'red' : 'green', text),
    ],
  );
}

/** The totals, and everything that did not go as it must. */
export function summariseTable(showcase: Showcase, paint: Paint): string {
  const attacks = showcase.rows.filter((row) => row.kind === 'attack');
  const honest = showcase.rows.filter((row) => row.kind === 'honest');
  const through = (pick: (row: Row) => Timed): number => attacks.filter((row) => !pick(row).stopped).length;
  const answered = honest.length - showcase.honestRefused.length;
  return [
    '',
    paint(
      'bold',
      `${attacks.length} attacks: ${through((row) => row.bare)} got through without Bulwark, ${through((row) => row.bulwark)} with it.`,
    ),
    paint('bold', `${honest.length} honest operations: ${answered} answered by both.`),
    ...showcase.attacksThrough.map((name) => paint('red', `GOT THROUGH: ${name}`)),
    ...showcase.otherCodes.map((name) => paint('red', `stopped with another code than expected: ${name}`)),
    ...showcase.honestRefused.map((name) => paint('red', `REFUSED: ${name}`)),
  ].join('\n');
}

/** What the operator was told meanwhile: each rule once, with the number of its alerts. */
export function listAlerts(alerts: readonly RaisedAlert[], paint: Paint): string {
  const counts = new Map<string, number>();
  for (const { rule, message } of alerts) {
    const line = `${rule}: ${message}`;
    counts.set(line, (counts.get(line) ?? 0) + 1);
  }
  const lines = [...counts].flatMap(([line, count]) => wrap(`${count} x ${line}`, 96).map((part) => `  ${part}`));
  return ['', paint('bold', `${alerts.length} alerts were raised by these attacks.`), ...lines].join('\n');
}

function say({ kind }: Row, { stopped, status, code, note }: Timed): string {
  if (kind === 'honest') return note;
  if (!stopped) return `THROUGH: ${note}`;
  if (status === 101) return /^\d/.test(code ?? '') ? `socket closed: ${code}` : `socket: ${code ?? 'nothing'}`;
  return `${status} ${code ?? 'and nothing in it'}`;
}

/** Characters of the columns; with two spaces in front and between them a line has 100. */
const widths = [36, 28, 30] as const;

function layOut(cells: readonly string[], paints: readonly (((text: string) => string) | undefined)[] = []): string {
  const wrapped = cells.map((cell, column) => wrap(cell, widths[column] ?? 0));
  const height = Math.max(...wrapped.map((lines) => lines.length));
  return Array.from({ length: height }, (_, line) => {
    const parts = wrapped.map((lines, column) => {
      const text = lines[line] ?? '';
      const padding = ' '.repeat((widths[column] ?? 0) - text.length);
      return (text === '' ? '' : (paints[column]?.(text) ?? text)) + (column === wrapped.length - 1 ? '' : padding);
    });
    return `  ${parts.join('  ')}`.trimEnd();
  }).join('\n');
}

/** Breaks at spaces; a word that is too long is cut. */
function wrap(text: string, width: number): string[] {
  const lines = [''];
  for (const word of text.split(' ')) {
    const last = lines.at(-1) ?? '';
    const longer = last === '' ? word : `${last} ${word}`;
    if (longer.length <= width) lines[lines.length - 1] = longer;
    else if (last === '') lines[lines.length - 1] = word.slice(0, width);
    else lines.push(word.slice(0, width));
  }
  return lines;
}
