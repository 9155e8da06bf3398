import { createTextBudget, normalizeText } from '@graphql-bulwark/core/internal';
import { describe, expect, it } from 'vitest';
import { growthOf } from '../../../../test/kit.ts';

it('texts that cast to one whole number are equal, and no others are taken for numbers', () => {
  const sevens = ['7', '007', '+7', ' 7 ', '7.0', '7e0', '0x7', '0b111', '\uff17'];
  expect(new Set(sevens.map((text) => normalizeText(text)))).toEqual(new Set(['7']));
  expect(normalizeText('00012345678901234567890')).toBe('12345678901234567890');
  const others = [
    '',
    '7x',
    '7.5',
    '12345678901234567890',
    '12345678901234567891',
    '10.0.0.1',
    '-7',
    'nan',
    'infinity',
    '7 7',
  ];
  expect(others.map((text) => normalizeText(text))).toEqual(others);
});

it('growth: a text that is almost a number takes no more than linear time', async () => {
  const time = (size: number): number => {
    const text = `+${'0'.repeat(size)}x`;
    const start = performance.now();
    normalizeText(text);
    return performance.now() - start;
  };
  expect(await growthOf(time, 100_000)).toBeLessThan(3);
});

it('spellings of one UUID are equal', () => {
  const uuid = 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11';
  const digits = uuid.replaceAll('-', '');
  const groups = digits.match(/.{4}/g)?.join('-');
  const spellings = [uuid, uuid.toUpperCase(), digits, `{${uuid}}`, `{${groups}}`];
  expect(new Set(spellings.map((text) => normalizeText(text)))).toEqual(new Set([digits]));
  expect(normalizeText(uuid.replace('a', 'g'))).toBe(uuid.replace('a', 'g'));
});

it.each([
  ['\u00f0', '\u00d0', 'd'],
  ['\u0111', '\u0110', 'd'],
  ['\u0142', '\u0141', 'l'],
])('the letters %s and %s equal %s, as in collations', (small, capital, plain) => {
  expect([normalizeText(`re${small}`), normalizeText(`re${capital}`)]).toEqual([`re${plain}`, `re${plain}`]);
});

describe('texts that take long', () => {
  const wide = '\ufdfa'; // eighteen characters in compatibility form

  it('growth: a text that is too long is given up after the same work, whatever its length', () => {
    const spent = (count: number) => {
      const budget = createTextBudget();
      expect(normalizeText(wide.repeat(count), budget)).toBeUndefined();
      return createTextBudget().units - budget.units;
    };
    expect(spent(32_000)).toBeGreaterThan(0);
    expect(spent(99_999)).toBe(0);
    expect(spent(16_000)).toBeLessThanOrEqual(spent(2_000));
  });

  it('all texts of one budget together take no more than one text alone', () => {
    const budget = createTextBudget();
    const texts = Array.from({ length: 100 }, (_, i) => wide.repeat(300 + i));
    const known = texts.filter((text) => normalizeText(text, budget) !== undefined);
    expect(known.length).toBeGreaterThan(2);
    expect(known.length).toBeLessThan(10);
    // Everything that was there before has its plain text still.
    expect(normalizeText('Ann@x.org', budget)).toBe('ann@x.org');
  });

  it('no ASCII text is too long, and no text of several pages in another script', () => {
    expect(normalizeText(`A${'b'.repeat(1_000_000)}\n`)).toBe(`a${'b'.repeat(1_000_000)}`);
    const pages = '\u0416\u0438\u0437\u043d\u044c '.repeat(3_000);
    expect(normalizeText(pages)).toBe(normalizeText(pages.toUpperCase()));
    expect(normalizeText(pages)).toHaveLength(pages.length - 1);
  });

  it('attack: padding never makes a name a different one: it is the same, or too long', () => {
    for (const pad of ['\u200b', '\u0301', '\u00ad', '\u2028']) {
      for (const count of [1, 255, 256, 1_000, 30_000, 32_760, 33_000, 99_999]) {
        expect([normalizeText('ann@x.org'), undefined]).toContain(normalizeText(`ann@x.org${pad.repeat(count)}`));
        expect([normalizeText('ann@x.org'), undefined]).toContain(normalizeText(`${pad.repeat(count)}Ann@X.org`));
      }
    }
  });
});
