// Descriptions of events: a sentence for everything that recordings hold, nothing left unfilled.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { sourceFromBytes } from '../../src/input/open.ts';
import { openTrace } from '../../src/readers/index.ts';
import { describeEvent } from '../../src/trace/describe.ts';
import { type EventJson, traceText } from '../support/replay.ts';

const name = (pid: number): string => (pid === 0 ? 'idle' : `task[${pid}]`);

async function describe(text: string): Promise<string[]> {
  const texts: string[] = [];
  const trace = await openTrace(sourceFromBytes(text));
  trace.run({
    event(event) {
      texts.push(describeEvent(event, name));
      return true;
    },
  });
  return texts;
}

const FIXTURES = join(import.meta.dirname, '../../fixtures/state');

test.each(readdirSync(FIXTURES))('every event of %s has words', async (file) => {
  for (const text of await describe(readFileSync(join(FIXTURES, file), 'utf8'))) {
    expect(text).not.toMatch(/undefined|NaN|\bnull\b|\bpid=/);
    expect(text.length).toBeGreaterThan(5);
  }
});

test.each<[Omit<EventJson, 'ts' | 'cpu'> & { readonly type: string }, string]>([
  [{ type: 'select_cpu', step: 'core', phase: 'end', pid: 5, ret: 3 }, 'CPU selection for task[5]: CPU 3'],
  [{ type: 'kick', step: 'request', target: 2, kick_flags: '0x5' }, 'kick of CPU 2 (IDLE, WAIT)'],
  [{ type: 'kick', step: 'cid', cid: 7, kick_flags: '0x0' }, 'kick of cid 7'],
  [{ type: 'flush', phase: 'begin', rq: 1, n: 3 }, 'dispatch buffer of CPU 1 is worked off: 3 verdicts'],
  [{ type: 'dispatch_dequeue', pid: 5, rq: 1, dsq_addr: '0x0' }, 'task[5] is on no DSQ, rq 1'],
  [{ type: 'task_state', pid: 5, state: 1024 }, 'state of task[5] set to enabled'],
  [{ type: 'task_state', pid: 5, state: 2 }, 'state of task[5] set to 2'],
  [{ type: 'class_change', step: 'switched_from', pid: 5 }, 'the ext class has lost task[5]'],
  [{ type: 'sched_attach', step: 'link', name: 'demo' }, 'scheduler demo: linked into the tree'],
  [{ type: 'insert', step: 'commit', pid: 5, dsq: 'local' }, 'insert task[5] on DSQ local recorded'],
  [{ type: 'scx_event', name: 'SCX_EV_REENQ', delta: 2 }, 'counter SCX_EV_REENQ +2'],
])('%j', async (event, text) => {
  expect(await describe(traceText([{ ts: 1, cpu: 0, ...event }]))).toEqual([text]);
});
