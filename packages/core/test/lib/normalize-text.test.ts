import { plainText, plainTextBudget } from '@graphql-bulwark/core/internal';
import { describe, expect, it } from 'vitest';
import { growthOf } from '../../../../test/kit.ts';

it('takes whole numbers for one, as casts of ids do, and nothing else for a number', () => {
  const sevens = ['7', '007', '+7', ' 7 ', '7.0', '7e0', '0x7', '0b111', '\uff17'];
  expect(new Set(sevens.map((text) => plainText(text)))).toEqual(new Set(['7']));
  expect(plainText('00012345678901234567890')).toBe('12345678901234567890');
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
  expect(others.map((text) => plainText(text))).toEqual(others);
});

it('growth: takes no more than linear time over what is almost a number', async () => {
  const time = (size: number): number => {
    const text = `+${'0'.repeat(size)}x`;
    const start = performance.now();
    plainText(text);
    return performance.now() - start;
  };
  expect(await growthOf(time, 100_000)).toBeLessThan(3);
});

it('takes spellings of one UUID for one', () => {
  const uuid = 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11';
  const digits = uuid.replaceAll('-', '');
  const groups = digits.match(/.{4}/g)?.join('-');
  const spellings = [uuid, uuid.toUpperCase(), digits, `{${uuid}}`, `{${groups}}`];
  expect(new Set(spellings.map((text) => plainText(text)))).toEqual(new Set([digits]));
  expect(plainText(uuid.replace('a', 'g'))).toBe(uuid.replace('a', 'g'));
});

it.each([
  ['\u00f0', '\u00d0', 'd'],
  ['\u0111', '\u0110', 'd'],
  ['\u0142', '\u0141', 'l'],
])('takes %s and %s for %s, as collations do', (small, capital, plain) => {
  expect([plainText(`re${small}`), plainText(`re${capital}`)]).toEqual([`re${plain}`, `re${plain}`]);
});

describe('texts that take long', () => {
  const wide = '\ufdfa'; // eighteen characters in compatibility form

  it('growth: what is too long is given up after the same work, however long it is', () => {
    const spent = (count: number) => {
      const budget = plainTextBudget();
      expect(plainText(wide.repeat(count), budget)).toBeUndefined();
      return plainTextBudget().units - budget.units;
    };
    expect(spent(32_000)).toBeGreaterThan(0);
    expect(spent(99_999)).toBe(0);
    expect(spent(16_000)).toBeLessThanOrEqual(spent(2_000));
  });

  it('of one budget are not more together than one alone', () => {
    const budget = plainTextBudget();
    const texts = Array.from({ length: 100 }, (_, i) => wide.repeat(300 + i));
    const known = texts.filter((text) => plainText(text, budget) !== undefined);
    expect(known.length).toBeGreaterThan(2);
    expect(known.length).toBeLessThan(10);
    // Everything that was there before has its plain text still.
    expect(plainText('Ann@x.org', budget)).toBe('ann@x.org');
  });

  it('are no text in ASCII, however long, and none of several pages in another script', () => {
    expect(plainText(`A${'b'.repeat(1_000_000)}\n`)).toBe(`a${'b'.repeat(1_000_000)}`);
    const pages = '\u0416\u0438\u0437\u043d\u044c '.repeat(3_000);
    expect(plainText(pages)).toBe(plainText(pages.toUpperCase()));
    expect(plainText(pages)).toHaveLength(pages.length - 1);
  });

  it('attack: no padding makes one name another: it is the same, or too long', () => {
    for (const pad of ['\u200b', '\u0301', '\u00ad', '\u2028']) {
      for (const count of [1, 255, 256, 1_000, 30_000, 32_760, 33_000, 99_999]) {
        expect([plainText('ann@x.org'), undefined]).toContain(plainText(`ann@x.org${pad.repeat(count)}`));
        expect([plainText('ann@x.org'), undefined]).toContain(plainText(`${pad.repeat(count)}Ann@X.org`));
      }
    }
  });
});
