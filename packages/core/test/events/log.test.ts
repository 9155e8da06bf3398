import { createEvents, type RefusalCode } from '@graphql-bulwark/core';
import { expect, it, onTestFinished, vi } from 'vitest';

const silent = { warn() {}, error() {} };

it('errors are logged even where their stack is a list of calls', () => {
  const error = Object.assign(new Error('password of the database'), { stack: [] });
  const lines: string[] = [];
  createEvents(undefined, () => ({ ...silent, error: (line) => lines.push(line) })).logged('a resolver failed', error);
  expect(lines[0]).toMatch(/a resolver failed .*password of the database/);
});

it('without a listener, events are logged by kind and policy: a flood does not hide why others are refused', () => {
  const lines: string[] = [];
  const events = createEvents(undefined, () => ({ ...silent, warn: (line) => lines.push(line) }));
  const code = 'UNAUTHENTICATED';
  events.emit({ type: 'access.denied', control: 'authorization', code, reason: 'anonymous' }, 'refused');
  for (const _time of [1, 2]) events.emit({ type: 'auth.failure', code, reason: 'typ' }, 'refused');
  expect(lines).toHaveLength(2);
  expect(lines[1]).toContain('"reason":"typ"');
  const limited = { type: 'rate.limited', control: 'rate-limit', code: 'RATE_LIMITED' } as const;
  for (const policy of ['address', 'Mutation.login', 'address']) events.emit({ ...limited, policy }, 'refused');
  expect(lines).toHaveLength(4);
  expect(lines[3]).toContain('"policy":"Mutation.login"');
});

it('without a listener, events are logged once per code and minute, with the number of those left out', () => {
  const clock = vi.spyOn(Date, 'now').mockReturnValue(0);
  onTestFinished(() => clock.mockRestore());
  const lines: string[] = [];
  const events = createEvents(undefined, () => ({ ...silent, warn: (line) => lines.push(line) }));
  const emit = (code: RefusalCode): void => {
    events.emit({ type: 'access.denied', control: 'authorization', code }, 'refused');
  };
  const seen = (): string[] =>
    lines.splice(0).map((line) => /"code":"(\w+)"\}(.*)/.exec(line)?.slice(1).join('') ?? line);
  for (const code of ['FORBIDDEN', 'UNAUTHENTICATED', 'FORBIDDEN', 'FORBIDDEN'] as const) emit(code);
  expect(seen()).toEqual(['FORBIDDEN', 'UNAUTHENTICATED']);
  for (const message of ['one', 'another', 'one']) events.emit({ type: 'config.warning', message }, 'noted');
  expect(seen()).toHaveLength(2);
  clock.mockReturnValue(59_999);
  emit('FORBIDDEN');
  expect(seen()).toEqual([]);
  clock.mockReturnValue(60_000);
  emit('FORBIDDEN');
  emit('UNAUTHENTICATED');
  expect(seen()).toEqual(['FORBIDDEN (and 3 more since the last line)', 'UNAUTHENTICATED']);
});
