import { plainText } from '@graphql-bulwark/core';
import { expect, it } from 'vitest';
import { growthOf } from '../../../test/kit.ts';

it('takes whole numbers for one, as casts of ids do, and nothing else for a number', () => {
  const sevens = ['7', '007', '+7', ' 7 ', '7.0', '7e0', '0x7', '0b111', '\uff17'];
  expect(new Set(sevens.map(plainText))).toEqual(new Set(['7']));
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
  expect(others.map(plainText)).toEqual(others);
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
  expect(new Set(spellings.map(plainText))).toEqual(new Set([digits]));
  expect(plainText(uuid.replace('a', 'g'))).toBe(uuid.replace('a', 'g'));
});

it.each([
  ['\u00f0', '\u00d0', 'd'],
  ['\u0111', '\u0110', 'd'],
  ['\u0142', '\u0141', 'l'],
])('takes %s and %s for %s, as collations do', (small, capital, plain) => {
  expect([plainText(`re${small}`), plainText(`re${capital}`)]).toEqual([`re${plain}`, `re${plain}`]);
});
