// A description that does not fit makes no claims, however little of the scheduler the trace shows.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { ReplayResult } from '../../src/findings/result.ts';
import { loadDomain } from '../../src/vtime/load-domain.ts';
import { replayEvents, replayText } from '../support/replay.ts';
import { ms, Story } from '../support/story.ts';
import { followVtime } from '../support/vtime.ts';

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

describe('charges of the slice used', () => {
  /** Runs of `lengths` ms out of slices of 20 ms; ops.stopping() is late by 60 µs, and what the clock measured in it is lost. */
  const story = (lengths: readonly number[]): Story => {
    const written = new Story().attach();
    written.task({ pid: 100, vtime: 5n });
    let v = 5n;
    for (const length of lengths) {
      const used = ms(length) - ms(0.06);
      written
        .add('run', 0, { pid: 100, rq: 0, vtime: v })
        .add('switch', 0, { prev: 0, next: 100 })
        .wait(ms(length))
        .add('update_curr', 0, { pid: 100, rq: 0, slice: ms(20) - used })
        .add('stop', 0, { pid: 100, rq: 0 });
      v += used;
      written.add('set_vtime', 0, { pid: 100, vtime: v }).add('switch', 0, { prev: 100, next: 0 });
    }
    return written;
  };
  const lengths = Array.from({ length: 40 }, (_, i) => (i % 4 === 3 ? 0.5 : 6 + i / 10));

  test.each(['bpfland', 'cosmos', 'rusty'])('are none of the time measured by %s, whatever its slice', async (name) => {
    const { mismatches } = await followVtime(story(lengths).events, await loadDomain(name));
    expect(mismatches.map((fact) => fact.class)).toEqual(['charge']);
    expect(mismatches[0]?.message).toMatch(/exactly what is gone of 20 ms/);
  });

  test('fit a scheduler that charges them', async () => {
    const { mismatches } = await followVtime(story(lengths).events, await loadDomain('simple'));
    expect(mismatches).toEqual([]);
  });
});

describe('a basis that is seen not to follow some runs', () => {
  /** One basis that task 1 moves, task 2 is clamped to, and task 3 does not move. Runs cost `factor` times what they last. */
  const story = (factor: bigint): Story => {
    const written = new Story().attach();
    let basis = ms(10);
    const vs = new Map<number, bigint>([1, 2, 3].map((pid) => [pid, basis]));
    for (const [pid, v] of vs) written.task({ pid, vtime: v });
    const run = (pid: number, ns: bigint): void => {
      const shown = vs.get(pid) ?? 0n;
      const key = shown < basis - ms(1) ? basis - ms(1) : shown;
      written.enqueue(pid, 0, 0x100, key, shown);
      if (pid !== 3 && key > basis) basis = key;
      const after = key + ns * factor;
      written.run(pid, 0, ns, { before: key, after });
      vs.set(pid, after);
    };
    const learn = (): void => {
      run(1, ms(3));
      run(2, ms(0.1));
    };
    for (let i = 0; i < 30; i++) learn();
    run(1, ms(3));
    run(3, ms(9));
    run(3, ms(9));
    run(2, ms(0.1));
    for (let i = 0; i < 3; i++) learn();
    return written;
  };
  const description = { name: 'one', slice: '1ms', rebase: { reset: ['enable'] } } as const;

  test('is possible under a description that fits otherwise', async () => {
    const { drifts, mismatches } = await followVtime(story(1n).events, await loadDomain(description));
    expect(mismatches.map((fact) => fact.class)).toEqual(['basis']);
    const [observed] = drifts.filter(({ where }) => where === 'observed');
    expect(observed?.task.pid).toBe(3);
    expect(observed?.basis.observations.broken).toBe(false);
  });

  test('is nothing under one whose charges do not fit either, whatever came first', async () => {
    const { drifts, mismatches } = await followVtime(story(3n).events, await loadDomain(description));
    expect(mismatches.map((fact) => fact.class)).toEqual(['charge']);
    expect(drifts.filter(({ basis }) => !basis.observations.broken)).toEqual([]);
  });
});

test('a run that is charged by the scheduler before is no run of the next', async () => {
  const handedOver = new Story().attach();
  handedOver.task({ pid: 100, vtime: 5n });
  handedOver
    .add('sched_attach', 1, { step: 'sub_enable', phase: 'begin' })
    .add('sched_attach', 1, { step: 'link', sched: 2, name: 'sub', level: 1, parent_sched: 1 })
    .add('run', 0, { pid: 100, rq: 0, vtime: 5n })
    .wait(ms(9))
    .add('rehome', 1, { pid: 100, sched: 2 })
    .add('dequeue', 1, { pid: 100, rq: 0, deq_flags: '0x0' })
    .add('stop', 1, { pid: 100, rq: 0 })
    .add('update_curr', 1, { pid: 100, rq: 0, slice: 0, vtime: 5n + ms(900) })
    .add('task_enable', 1, { pid: 100, sched: 2, phase: 'begin', vtime: 0n })
    .add('task_enable', 1, { pid: 100, sched: 2, phase: 'end', vtime: 0n });
  const charges: number[] = [];
  const { drifts, mismatches, engine } = await followVtime(
    handedOver.events,
    await loadDomain('simple', ['slice=1ms']),
    {
      onCharge: ({ runtimeNs }) => charges.push(runtimeNs),
    },
  );
  expect(charges).toEqual([-1]);
  expect(drifts).toEqual([]);
  expect(mismatches).toEqual([]);
  expect([...engine.state.allScheds()].map(({ sched }) => sched?.id?.lo)).toEqual([1, 2]);
});

describe('the watchdog of a description that does not fit', () => {
  interface Fixture {
    readonly domain: object;
    readonly events: readonly object[];
  }
  /** A violation of the rule, where charges are three times what is described, and the trace shows that timeout or none. */
  const replayOf = (rule: string, timeout?: number): Promise<ReplayResult> => {
    const path = join(import.meta.dirname, '../../fixtures/rules', rule, 'violating.json');
    const fixture = JSON.parse(readFileSync(path, 'utf8')) as Fixture;
    const [attach, ...events] = fixture.events;
    const shown = timeout === undefined ? {} : { timeout_ms: timeout };
    const domain = { ...fixture.domain, charge: { num: 300 } };
    return replayText(JSON.stringify({ ...fixture, domain, events: [{ ...attach, ...shown }, ...events] }));
  };

  test.each(['vtime-starvation', 'vtime-starvation-predicted'])('is no limit of %s', async (rule) => {
    const result = await replayOf(rule);
    expect(result.findings[0]).toMatchObject({ rule: 'vtime-model-mismatch', class: 'charge' });
    expect(claims(result)).not.toContain(rule);
  });

  test('justifies no shorter wait, and condemns none', async () => {
    const result = await replayOf('vtime-starvation', 40);
    expect(result.findings[0]?.rule).toBe('vtime-model-mismatch');
    expect(claims(result)).not.toContain('vtime-starvation');
  });

  test('does not matter where the trace shows the timeout', async () => {
    const result = await replayOf('vtime-starvation', 20);
    expect(result.findings[0]?.rule).toBe('vtime-model-mismatch');
    expect(claims(result)).toContain('vtime-starvation');
  });
});

test('a wait that one slice at the weight of the task explains is not predicted to end badly', async () => {
  const path = join(import.meta.dirname, '../../fixtures/rules/vtime-starvation-predicted/violating.json');
  const fixture = JSON.parse(readFileSync(path, 'utf8')) as { readonly domain: object };
  const predicted = async (slice: string): Promise<readonly string[]> =>
    claims(await replayText(JSON.stringify({ ...fixture, domain: { ...fixture.domain, slice } })));
  expect(await predicted('2ms')).toContain('vtime-starvation-predicted');
  expect(await predicted('5ms')).not.toContain('vtime-starvation-predicted');
});

test('a basis that no key was clamped to has not demonstrably leapt', async () => {
  const path = join(import.meta.dirname, '../../fixtures/rules/vtime-basis-leap/violating.json');
  const fixture = JSON.parse(readFileSync(path, 'utf8')) as { readonly events: readonly object[] };
  expect(claims(await replayText(JSON.stringify(fixture)))).toContain('vtime-basis-leap');
  const unseen = { ...fixture, events: fixture.events.slice(0, -1) };
  const result = await replayText(JSON.stringify(unseen));
  expect(claims(result)).not.toContain('vtime-basis-leap');
  expect(result.rules.find(({ id }) => id === 'vtime-basis-leap')?.reason).toMatch(/no clamped key/);
});

test('a task whose last run the trace does not show may be any distance ahead', async () => {
  const story = new Story();
  story.add('sched_attach', 0, { step: 'link', sched: 1, name: 'test', level: 0, slice_dfl: 20_000_000 });
  const key = ms(1000);
  for (let i = 0; i < 3; i++) {
    const at = key + ms(i * 20);
    story.enqueue(2, 0, 0x100, at, ms(i + 1)).run(2, 0, ms(20), { before: at });
  }
  story.enqueue(3, 1, 0x100, key + ms(3000));
  const { drifts } = await followVtime(story.events, await loadDomain('simple', ['charge.source=none']));
  expect(drifts.map(({ excessMin }) => excessMin)).toEqual([]);
});
