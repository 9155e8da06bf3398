/** The table of the showcase, in plain text. */
import type { Row, Showcase, Timed } from './showcase.ts';

export function table(showcase: Showcase): string {
  const attacks = showcase.rows.filter((row) => row.kind === 'attack');
  const honest = showcase.rows.filter((row) => row.kind === 'honest');
  const through = (pick: (row: Row) => Timed): number => attacks.filter((row) => !pick(row).stopped).length;
  const answered = honest.length - showcase.honestRefused.length;
  return [
    ...columns(
      ['honest operation', 'without Bulwark', 'with Bulwark', 'code', 'ms', 'ms'],
      honest.map((row) => cells(row, row.bare.note, row.bulwark.note)),
    ),
    '',
    ...columns(
      ['attack', 'without Bulwark', 'with Bulwark', 'code', 'ms', 'ms'],
      attacks.map((row) => cells(row, verdict(row.bare), verdict(row.bulwark))),
    ),
    '',
    `${attacks.length} attacks: ${through((row) => row.bare)} got through without Bulwark, ${through((row) => row.bulwark)} with it.`,
    `${honest.length} honest operations: ${answered} answered by both.`,
    ...showcase.attacksThrough.map((name) => `GOT THROUGH: ${name}`),
    ...showcase.otherCodes.map((name) => `stopped with another code than expected: ${name}`),
    ...showcase.honestRefused.map((name) => `REFUSED: ${name}`),
  ].join('\n');
}

function cells({ name, bare, bulwark }: Row, left: string, right: string): string[] {
  return [name, left, right, bulwark.code ?? '-', String(bare.ms), String(bulwark.ms)].map((cell) => cut(cell, 64));
}

function verdict({ stopped, status, note }: Timed): string {
  return stopped ? `stopped (${status === 101 ? 'WebSocket' : status})` : `THROUGH: ${note}`;
}

function columns(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const numeric = head.length - 2;
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => (column < numeric ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  ');
  return [line(head), widths.map((width) => '-'.repeat(width)).join('  '), ...rows.map(line)];
}

function cut(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length - 3)}...` : text;
}
