import { plainText } from '@graphql-bulwark/core';
import { expect, it } from 'vitest';

it.each([
  ['\u00f0', '\u00d0', 'd'],
  ['\u0111', '\u0110', 'd'],
  ['\u0142', '\u0141', 'l'],
])('takes %s and %s for %s, as collations do', (small, capital, plain) => {
  expect([plainText(`re${small}`), plainText(`re${capital}`)]).toEqual([`re${plain}`, `re${plain}`]);
});
