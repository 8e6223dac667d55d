// When a description does not fit, the report names the built-in ones that would.
import { expect, test } from 'vitest';
import { loadDomain } from '../../src/vtime/load-domain.ts';
import { Mitosis, SLICE } from '../support/mitosis.ts';
import { replayEvents } from '../support/replay.ts';

/** Knows none of the DSQs. */
const WRONG = { name: 'wrong', queues: [{ name: 'q', match: { id: 1 } }] };

test('a trace of cells under another description names the versions that fit, and only these', async () => {
  const sim = new Mitosis('M6', [2, 1]);
  sim.task(100, { weight: 10, home: 2, pin: 1 });
  sim.task(200, { weight: 100, home: 1 });
  for (let i = 0; i < 30; i++) {
    for (const pid of [100, 200]) {
      sim.enqueue(pid, 1);
      sim.run(pid, 1, SLICE);
    }
  }
  const result = await replayEvents(sim.story.events, { kernel: '7.3' }, { domain: await loadDomain(WRONG) });
  const mismatch = result.findings.find(({ rule }) => rule === 'vtime-model-mismatch');
  const fitting = String(mismatch?.details.fitting).split(', ');
  expect(fitting).toEqual(expect.arrayContaining(['mitosis', 'mitosis/M6']));
  // In these two the runs of the pinned task clamp up the other one, which the trace shows not to have happened.
  for (const wrong of ['mitosis/M2', 'mitosis/F']) expect(fitting).not.toContain(wrong);
  expect(mismatch?.message).toContain(`built-in descriptions that fit: ${fitting.join(', ')}`);
});

test('what cannot be told apart is not claimed', async () => {
  const sim = new Mitosis('M6', [1, 1]);
  sim.task(200, { weight: 100, home: 1 });
  sim.enqueue(200, 1);
  sim.run(200, 1, SLICE);
  const result = await replayEvents(sim.story.events, { kernel: '7.3' }, { domain: await loadDomain(WRONG) });
  const mismatch = result.findings.find(({ rule }) => rule === 'vtime-model-mismatch');
  expect(mismatch?.message).toContain('no built-in description fits');
});
