import { describe, expect, inject, it } from 'vitest';
import { someCases } from '../../../test/property-cases.ts';
import { documentAttacks } from '../src/attacks/documents.ts';
import { chapters } from '../src/attacks/index.ts';
import { shapeAttacks } from '../src/attacks/shape.ts';
import { startBareServer } from '../src/bare-server.ts';
import { honestOperations } from '../src/honest.ts';
import { startProtectedServer } from '../src/protected-server.ts';
import { exitCode, runShowcase, type ShowcaseOptions } from '../src/showcase.ts';

const redisUrl = inject('redisUrl');
const stores: readonly (readonly [name: string, url: string | undefined])[] = [
  ['in Redis', redisUrl],
  ['in memory', undefined],
];

// Once, and where all cases are wanted with each store; without a Redis, in memory.
describe.each(
  someCases(
    stores.filter(([name]) => redisUrl !== undefined || name === 'in memory'),
    (_, i) => i === 0,
  ),
)('the demo, counting %s', (_where, url) => {
  it('stops every attack with its code and refuses no honest client', { timeout: 180_000 }, async () => {
    const lines: string[] = [];
    const result = await runShowcase({ redisUrl: url, log: (text) => lines.push(text) });
    const { rows, attacksThrough, otherCodes, honestRefused } = result;
    expect(exitCode(result)).toBe(0);
    expect({ attacksThrough, otherCodes, honestRefused }).toEqual({
      attacksThrough: [],
      otherCodes: [],
      honestRefused: [],
    });
    const attacks = rows.filter(({ kind }) => kind === 'attack');
    expect(attacks.length).toBeGreaterThanOrEqual(16);
    expect(rows.length - attacks.length).toBeGreaterThanOrEqual(8);
    // Without protection most of them work, or the table would prove nothing.
    expect(attacks.filter(({ bare }) => !bare.stopped).length).toBeGreaterThan(attacks.length / 2);
    const printed = lines.join('\n').split('\n');
    expect(printed).toEqual(expect.arrayContaining(chapters.map(({ title }) => title)));
    expect(printed.filter((line) => line.length > 100)).toEqual([]);
    // The operator hears of it: guesses at passwords, and a loop over ids.
    for (const rule of ['failedAuthentications', 'guessedIds']) expect(lines.at(-1)).toContain(` x ${rule}: `);
  });
});

it('the demo with --trusted answers honest clients by recorded documents alone', { timeout: 180_000 }, async () => {
  const own = { title: 'Documents', attacks: documentAttacks };
  const shape = { title: 'Shape', attacks: shapeAttacks.slice(0, 2) };
  const result = await runShowcase({ trusted: true, log: () => {}, chapters: [own, shape] });
  const { attacksThrough, otherCodes, honestRefused, rows } = result;
  expect({ attacksThrough, otherCodes, honestRefused }).toEqual({
    attacksThrough: [],
    otherCodes: [],
    honestRefused: [],
  });
  const attacks = rows.filter(({ kind }) => kind === 'attack');
  expect(attacks.map(({ bulwark }) => bulwark.code)).toEqual(
    attacks.map(({ name }) => (name.includes('its hash') ? 'PERSISTED_QUERY_NOT_FOUND' : 'DOCUMENT_NOT_TRUSTED')),
  );
  expect(attacks.every(({ bare }) => bare.stopped)).toBe(false);
});

describe('the demo fails', () => {
  const quiet = { log: () => {}, honest: honestOperations.slice(0, 2) } as const;
  const oneAttack = chapters.slice(0, 1).map((chapter) => ({ ...chapter, attacks: chapter.attacks.slice(0, 1) }));

  it.each<[string, ShowcaseOptions, 'attacksThrough' | 'honestRefused']>([
    ['when an attack gets through', { protect: startBareServer, chapters: oneAttack }, 'attacksThrough'],
    [
      'when an attack could not be tried',
      {
        chapters: [
          {
            title: 'Broken',
            attacks: [{ name: 'broken', expect: [], run: () => Promise.reject(new Error('no invoice to attack')) }],
          },
        ],
      },
      'attacksThrough',
    ],
    [
      'when an honest operation is refused',
      {
        chapters: [],
        protect: async (options) => {
          const server = await startProtectedServer(options);
          return { ...server, url: `${server.origin}/gone` };
        },
      },
      'honestRefused',
    ],
  ])('%s', async (_when, options, wrong) => {
    const result = await runShowcase({ ...quiet, ...options });
    expect(result[wrong]).not.toEqual([]);
    expect(exitCode(result)).toBe(1);
  });
});
