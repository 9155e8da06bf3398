/** The tables of the showcase, in plain text. */
import type { Outcome } from './attacks/attack.ts';

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

export function table(showcase: Showcase): string {
  const attacks = showcase.rows.filter((row) => row.kind === 'attack');
  const honest = showcase.rows.filter((row) => row.kind === 'honest');
  const through = (pick: (row: Row) => Timed): number => attacks.filter((row) => !pick(row).stopped).length;
  const answered = honest.length - showcase.honestRefused.length;
  return [
    'Each line was sent to two servers with the same schema, resolvers and data: one without Bulwark, one with it.',
    '',
    'Honest operations. Both servers must answer them.',
    ...columns(
      ['', 'without', 'ms', 'with Bulwark', 'ms'],
      honest.map((row) => cells(row, ({ note }) => note)),
    ),
    '',
    'Attacks. THROUGH: the attacker got what is named. Otherwise all they got is this status and code.',
    ...columns(
      ['', 'without Bulwark', 'ms', 'with Bulwark', 'ms'],
      attacks.flatMap((row, n) => [
        ...(row.chapter === attacks[n - 1]?.chapter ? [] : [[], [row.chapter]]),
        cells(row, verdict),
      ]),
    ),
    '',
    `${attacks.length} attacks: ${through((row) => row.bare)} got through without Bulwark, ${through((row) => row.bulwark)} with it.`,
    `${honest.length} honest operations: ${answered} answered by both.`,
    ...showcase.attacksThrough.map((name) => `GOT THROUGH: ${name}`),
    ...showcase.otherCodes.map((name) => `stopped with another code than expected: ${name}`),
    ...showcase.honestRefused.map((name) => `REFUSED: ${name}`),
  ].join('\n');
}

function cells({ name, bare, bulwark }: Row, say: (outcome: Timed) => string): string[] {
  return [`  ${name}`, cut(say(bare), 48), String(bare.ms), cut(say(bulwark), 48), String(bulwark.ms)];
}

function verdict({ stopped, status, code, note }: Timed): string {
  if (!stopped) return `THROUGH: ${note}`;
  if (status === 101) return /^\d/.test(code ?? '') ? `socket closed: ${code}` : `socket: ${code ?? 'nothing'}`;
  return `${status} ${code ?? 'and nothing in it'}`;
}

/** Columns named `ms` are aligned to the right. A row of one cell is a heading. */
function columns(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const full = [head, ...rows.filter((row) => row.length > 1)];
  const widths = head.map((_, column) => Math.max(...full.map((row) => row[column]?.length ?? 0)));
  const pad = (cell: string, column: number): string => {
    const width = widths[column] ?? 0;
    return head[column] === 'ms' ? cell.padStart(width) : cell.padEnd(width);
  };
  return [head, ...rows].map((row) => row.map(pad).join('  ').trimEnd());
}

function cut(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length - 3)}...` : text;
}
