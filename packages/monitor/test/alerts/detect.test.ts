import { describe, expect, it } from 'vitest';
import { propertyCases } from '../../../../test/property-cases.ts';
import type { AlertRules } from '../../src/index.ts';
import { attacks } from './attacks.ts';
import { hour, liveHonestDay } from './honest-day.ts';
import { createRandom, replay } from './simulation.ts';

const seeds = Array.from({ length: propertyCases(20) }, (_, i) => i + 1);
const summarize = (alerts: Awaited<ReturnType<typeof replay>>): string[] =>
  alerts.map(({ rule, at, count, threshold, message, principalId, clientIp }) =>
    [rule, (at / hour).toFixed(2), count, threshold, message, principalId, clientIp].join(' | '),
  );

describe.each(seeds)('with the seed %i', (seed) => {
  it('an honest day raises at most one alert', async () => {
    const alerts = await replay(liveHonestDay(seed));
    expect(summarize(alerts).slice(1)).toEqual([]);
  });

  it('every attack within such a day is found in time and has its name', async () => {
    const random = createRandom(seed);
    const late: string[] = [];
    // Each at another hour, so that none can be found by the alert of another.
    const planned = attacks.map((attack, i) => ({ attack, begins: (9.5 + i * 0.65 + random() * 0.3) * hour }));
    const happenings = planned.flatMap(({ attack, begins }) => attack.happen(begins, seed));
    const alerts = await replay([...liveHonestDay(seed), ...happenings], { rules: briefly });
    for (const { attack, begins } of planned) {
      const { rule, within, subject } = attack;
      const found = alerts.find(
        (alert) =>
          alert.rule === rule &&
          alert.at >= begins &&
          alert.principalId === subject.principalId &&
          (subject.clientIp === undefined || alert.clientIp === subject.clientIp) &&
          alert.keyId === subject.keyId,
      );
      if (!found || found.at - begins > within) late.push(`${attack.name}: ${found ? found.at - begins : 'never'}`);
    }
    expect(late).toEqual([]);
  });
});

/** Several attacks of a day are about one subject: each has to be found by itself. */
const briefly: AlertRules = {
  guessedIds: { quietSeconds: 600 },
  refusalSpike: { quietSeconds: 600 },
};
