// Names of flag bits: those that moved between releases follow the release, unknown bits stay visible.
import { expect, test } from 'vitest';
import { deqFlagNames, enqFlagNames, opsFlagNames, taskFlagNames } from '../../src/kernel/flag-names.ts';
import { parseKernelVersion } from '../../src/kernel/release.ts';
import { semanticsOf } from '../../src/kernel/semantics.ts';

function bitsOf(kernel: string) {
  const version = parseKernelVersion(kernel);
  if (version === undefined) throw new Error(kernel);
  return semanticsOf(version).enqFlags;
}

test('enqueue flags by release', () => {
  expect(enqFlagNames(0, 0x10009, bitsOf('7.3'))).toEqual(['WAKEUP', 'NOCLOCK', 'HEAD']);
  expect(enqFlagNames(0, 0x19, bitsOf('6.12'))).toEqual(['WAKEUP', 'NOCLOCK', 'HEAD']);
  expect(enqFlagNames(0, 0x10, bitsOf('7.3'))).toEqual(['MIGRATING']);
  expect(enqFlagNames(0, 0x60, bitsOf('7.3'))).toEqual(['DELAYED', 'CLASS']);
  expect(enqFlagNames((1 << 0) | (1 << 8), 0, bitsOf('7.3'))).toEqual(['PREEMPT', 'REENQ']);
});

test('bits without a name come last, in hexadecimal', () => {
  expect(enqFlagNames(0x80000000 | 0, 1, bitsOf('7.3'))).toEqual(['WAKEUP', '0x8000000000000000']);
  expect(deqFlagNames(2, 0x1000000a | 0, bitsOf('7.3'))).toEqual(['SAVE', 'NOCLOCK', 'SCHED_CHANGE', '0x10000000']);
});

test('flags of tasks and schedulers', () => {
  expect(taskFlagNames(0x403)).toEqual(['QUEUED', 'IN_CUSTODY']);
  expect(opsFlagNames(0x104)).toEqual(['ENQ_EXITING', 'TID_TO_TASK']);
  expect(opsFlagNames(0)).toEqual([]);
});
