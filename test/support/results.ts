// Results of small traces, for tests of everything that is a function of the result document.
import type { ReplayResult } from '../../src/findings/result.ts';
import { type EventJson, replayEvents } from './replay.ts';

/** Switches of CPU 0; where `broken` is set, the second one leaves a task that was not running. */
export function switchEvents({ broken = false, pid = 101, comm = 'slp-1', start = 1000 } = {}): EventJson[] {
  return [
    { ts: start, cpu: 0, type: 'switch', prev: 0, next: 100, next_comm: 'hog-0' },
    {
      ts: start + 1000,
      cpu: 0,
      type: 'switch',
      prev: broken ? pid : 100,
      next: 0,
      ...(broken ? { prev_comm: comm } : {}),
    },
  ];
}

export function passingResult(): Promise<ReplayResult> {
  return replayEvents(switchEvents(), { kernel: '7.3' });
}

/** A result with one violation: switch-chain-broken about slp-1[101] on CPU 0, at 2000 ns, line 3. */
export function violatingResult(options: Parameters<typeof switchEvents>[0] = {}): Promise<ReplayResult> {
  return replayEvents(switchEvents({ broken: true, ...options }), { kernel: '7.3' });
}
