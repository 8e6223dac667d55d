// Numbers worked out by hand, against the interpreter: the floor of p2dq, and the drift from which on a wait is too long.
import { describe, expect, test } from 'vitest';
import { loadDomain } from '../../src/vtime/load-domain.ts';
import { replayEvents } from '../support/replay.ts';
import { ms, Story, seconds } from '../support/story.ts';
import { followVtime } from '../support/vtime.ts';

const DSQ = 0x100;

describe('a clock of 1 ms that a floor of 6.4 ms is taken from', () => {
  const header = {
    kernel: '7.3',
    cpus: { possible: '0', online: '0', topology: [{ cpu: 0, node: 0, siblings: '0', llc: '0' }] },
  };

  /** A new task shows the clock; then one that slept since the clock was at 0 is clamped to `key`. */
  const story = (key: bigint): Story => {
    const told = new Story().attach('p2dq');
    told.task({ pid: 100, cpus: '0', vtime: 0n });
    told.task({ pid: 101, cpus: '0', vtime: 0n });
    return told
      .add('task_init', 0, { pid: 101, phase: 'end', sched: 1 })
      .add('set_vtime', 0, { pid: 101, vtime: ms(1) })
      .enqueue(101, 0, DSQ, ms(1))
      .enqueue(100, 0, DSQ, key, 0n);
  };

  test('wraps where it is computed without a sign, and that is found', async () => {
    const key = (1n << 64n) - ms(5.4);
    const result = await replayEvents(story(key).events, header, { domain: await loadDomain('p2dq') });
    expect(result.findings.map(({ rule, class: kind, verdict }) => [rule, kind, verdict])).toEqual([
      ['vtime-key-wrap', 'floor', 'violation'],
    ]);
    expect(result.findings[0]?.details).toMatchObject({ key: '18446744073704151616' });
  });

  test('ends at zero where it is guarded, and leaves the clock where it is', async () => {
    const followed = await followVtime(story(0n).events, await loadDomain('p2dq'), {}, header);
    expect(followed.mismatches).toEqual([]);
    expect(followed.basis('llc[0]')).toBe(ms(1));
    expect(followed.v(100)).toBe(0n);
    const result = await replayEvents(story(0n).events, header, { domain: await loadDomain('p2dq') });
    expect(result.findings).toEqual([]);
  });
});

describe('15 competitors of weight 100 on 7 CPUs', () => {
  const story = new Story().attach();
  const link = (pid: number, vtime: bigint): void => {
    story.enqueue(pid, 0, DSQ, vtime);
    story.add('dsq_link', 0, { pid, dsq: '0x100', sched: 1, vtime, enq_flags: '0x200000000000000', dsq_flags: '0x1' });
  };
  const pids = Array.from({ length: 15 }, (_, i) => 101 + i);
  for (const pid of pids) story.task({ pid, cpus: '0-6' });
  story.task({ pid: 100, cpus: '0-6', weight: 1, vtime: seconds(150) });
  for (const pid of pids) link(pid, 0n);
  link(100, seconds(150));
  const follow = async () =>
    followVtime(story.events, await loadDomain('simple'), {}, { cpus: { possible: '0-6', online: '0-6' } });

  test('let a task that is 150 s ahead wait for 321.4 s', async () => {
    const { engine } = await follow();
    const task = engine.state.findTask(100)?.task;
    expect(task?.onPriq).toBe(true);
    if (task !== undefined)
      expect(engine.waits.forecast(task, { since: 0, sinceSeq: 0 }, 0) / 1e9).toBeCloseTo(321.4, 1);
  });

  test('stall it for the 30 s of the watchdog from 14 s on', async () => {
    const { engine } = await follow();
    const task = engine.state.findTask(100);
    expect(task?.sched).toBeDefined();
    if (task?.sched !== undefined) expect(engine.drift.critical(task.sched, task, story.now)).toBe(14e9);
  });

  test('count no task that never goes through the order, whatever it carries', async () => {
    story.task({ pid: 200, cpus: '0-6', weight: 5516 }).direct(200, 1, 1).run(200, 1, ms(1));
    const { engine } = await follow();
    const task = engine.state.findTask(100)?.task;
    expect(task?.onPriq).toBe(true);
    if (task !== undefined)
      expect(engine.waits.forecast(task, { since: 0, sinceSeq: 0 }, 0) / 1e9).toBeCloseTo(321.4, 1);
  });
});
