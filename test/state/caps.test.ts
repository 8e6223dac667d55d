// What a hierarchy of schedulers adds to states: who holds what where, what waits, whom a CPU turned away.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { renderState } from '../../src/report/state-terminal.ts';
import { PLAIN } from '../../src/report/style.ts';
import type { CapsSpan, StateDocument } from '../../src/state/document.ts';
import { stateOf } from './support.ts';

const TEXT = readFileSync(join(import.meta.dirname, '../../fixtures/caps/worked-example.json'), 'utf8');
const EVENTS = (JSON.parse(TEXT) as { events: Record<string, unknown>[] }).events;

const at = (place: string): Promise<StateDocument> => stateOf(TEXT, place);

/** Ordinals of the events of a type that satisfy a condition. */
const ordinals = (type: string, fits: (event: Record<string, unknown>) => boolean = () => true): number[] =>
  EVENTS.flatMap((event, i) => (event.type === type && fits(event) ? [i] : []));

const sum = (spans: readonly CapsSpan[] | undefined): string =>
  (spans ?? []).map(({ caps, on }) => `${caps} ${on}`).join('; ');

describe('delegation', () => {
  test('the root holds everything, a new scheduler nothing', async () => {
    const [linked = 0] = ordinals('sched_attach', ({ step, level }) => step === 'link' && level === 1);
    const { schedulers } = await at(`@${linked}`);
    expect(sum(schedulers[0]?.caps?.effective)).toBe('enq_immed|enq|preempt|perf 0-15');
    expect(schedulers[0]?.children).toEqual([schedulers[1]?.id]);
    expect(schedulers[1]).toMatchObject({ parent: schedulers[0]?.id });
    expect(sum(schedulers[1]?.caps?.effective)).toBe('none 0-15');
    expect(sum(schedulers[1]?.caps?.literal)).toBe('none 0-15');
  });

  test('a grant is literal at once and effective where it has been taken in', async () => {
    const [granted = 0] = ordinals('cap_grant', ({ ret }) => ret === 0);
    const after = (await at(`@${granted}`)).schedulers[1]?.caps;
    const literal = sum(after?.literal);
    expect(literal).not.toBe('none 0-15');
    // Which CPUs take it in later than others: until then the effective set is the one of before.
    const [fold = 0] = ordinals('cap_sync', ({ step }) => step === 'entry').filter((seq) => seq > granted);
    const { rq, ecaps } = EVENTS[fold] as { rq: number; ecaps: string };
    const then = (await at(`@${fold}`)).cpus[rq]?.caps.find(({ sched }) => sched !== 1);
    expect(then?.effective).toBe(Number(ecaps) === 3 ? 'enq_immed|enq' : then?.effective);
    expect(then?.effective).not.toBe('none');
  });

  test('a rejected task says where, and for want of what', async () => {
    const rejected: unknown[] = [];
    for (const seq of ordinals('dsq_link', ({ dsq }) => String(dsq).startsWith('reject'))) {
      const pid = EVENTS[seq]?.pid;
      const { tasks } = await at(`@${seq}`);
      rejected.push(tasks.find((task) => task.pid === pid)?.rejected_on);
    }
    expect(rejected.length).toBeGreaterThan(0);
    for (const cpu of rejected) expect(cpu).toBeTypeOf('number');
  });

  test('it is printed', async () => {
    const document = await stateOf(TEXT, 'end', {
      selection: { pids: [], cpus: [0], dsqs: [], scheds: ['R'] },
    });
    const text = renderState(document, { style: PLAIN, limit: undefined });
    expect(text).toMatch(/holds +enq_immed\|enq\|preempt\|perf on CPUs 0-15\n/);
    expect(text).toMatch(/caps +scheduler 1: enq_immed/);
  });
});

test('without a hierarchy nothing is said of capabilities', async () => {
  const small = EVENTS.length > 0 ? '{"format":"scx-trace@1","kernel":"7.3","cpus":{"possible":"0"},"events":[]}' : '';
  const events = [{ ts: 1, cpu: 0, type: 'sched_attach', step: 'link', sched: 1, name: 'one', level: 0 }];
  const { schedulers, cpus } = await stateOf(small.replace('[]', JSON.stringify(events)), 'end');
  expect(schedulers[0]).toMatchObject({ caps: null, children: [] });
  expect(cpus[0]).toMatchObject({ caps: [], rescuing: 'none' });
});
