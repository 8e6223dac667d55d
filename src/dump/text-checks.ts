// What is judged of a text besides its dumps, for explanations: the exits and the warnings that it tells of.
import type { DumpCheck } from './check.ts';

export const TEXT_CHECKS: readonly Omit<DumpCheck, 'run'>[] = [
  {
    id: 'scheduler-ejected',
    title: 'The kernel does not end a scheduler with an error.',
    verdicts: ['violation'],
    meaning: 'The kernel, or the BPF scheduler itself, raised an error, and the scheduler was unloaded.',
    shownBy:
      'the header of a dump, the EXIT line of a tool, the kernel log, or the exit events of a trace: kind 1024 or above',
    provenBy: 'nothing more is needed',
    rule: 'scheduler-ejected',
  },
  {
    id: 'kernel-warning',
    title: 'The kernel does not warn about the scheduler or its own state.',
    verdicts: ['possible', 'info'],
    meaning: 'A line of the kernel log that is no exit: a doubtful act of the scheduler, or a state that cannot be.',
    shownBy: 'the kernel log',
    provenBy: 'for states that cannot be: the lines around it, and whether the kernel carries patches',
  },
];
