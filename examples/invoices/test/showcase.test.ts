import { describe, expect, inject, it } from 'vitest';
import { runShowcase } from '../src/showcase.ts';

const redisUrl = inject('redisUrl');

describe.each([
  ['in memory', undefined, false],
  ['in Redis', redisUrl, redisUrl === undefined],
])('the demo, counting %s', (_where, url, isSkipped) => {
  it.skipIf(isSkipped)(
    'stops every attack with its code and refuses no honest client',
    { timeout: 180_000 },
    async () => {
      const lines: string[] = [];
      const { rows, attacksThrough, otherCodes, honestRefused } = await runShowcase({
        redisUrl: url,
        log: (text) => lines.push(text),
      });
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
      expect(lines.join('\n')).toContain('attack');
    },
  );
});
