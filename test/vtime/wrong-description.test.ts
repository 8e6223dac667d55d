// A description that does not fit makes no claims, however little of the scheduler the trace shows.
import { describe, expect, test } from 'vitest';
import type { ReplayResult } from '../../src/findings/result.ts';
import { loadDomain } from '../../src/vtime/load-domain.ts';
import { replayEvents } from '../support/replay.ts';
import { ms, Story } from '../support/story.ts';

/** A scheduler that charges nothing, described as one that charges what it measures: `short` runs, then `long` ones. */
async function chargeNothing(short: number, long: number): Promise<ReplayResult> {
  const story = new Story().attach();
  story.task({ pid: 100, vtime: 5n });
  for (let i = 0; i < short + long; i++)
    story
      .add('run', 0, { pid: 100, rq: 0, vtime: 5n })
      .add('switch', 0, { prev: 0, next: 100 })
      .wait(i < short ? ms(0.01) : ms(1))
      .add('stop', 0, { pid: 100, rq: 0 })
      .add('set_vtime', 0, { pid: 100, vtime: 5n })
      .add('switch', 0, { prev: 100, next: 0 });
  return replayEvents(story.events, { kernel: '7.3' }, { domain: await loadDomain('simple', ['charge.source=clock']) });
}

const claims = ({ findings }: ReplayResult): readonly string[] =>
  findings.filter(({ verdict }) => verdict !== 'inconclusive').map(({ rule }) => rule);

describe('charges of nothing', () => {
  test('in runs so short that any charge would fit, and two more, decide nothing', async () => {
    const result = await chargeNothing(30, 2);
    expect(claims(result)).toEqual([]);
    const rule = result.rules.find(({ id }) => id === 'vtime-charge-mismatch');
    expect(rule?.verdict).toBe('inconclusive');
  });

  test('are held against the description once enough of them tell', async () => {
    const result = await chargeNothing(30, 12);
    expect(claims(result)).toEqual([]);
    expect(result.findings[0]).toMatchObject({ rule: 'vtime-model-mismatch', class: 'charge' });
  });
});
