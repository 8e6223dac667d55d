// Event types of the recording itself and of group accounting.
import { eventTypes } from './spec.ts';

export const RECORDING_EVENTS = eventTypes({
  cell: {
    doc: 'A CPU (`target`) or a task (`pid`) changes its cell, layer or domain.',
    fn: 'the scheduler itself',
    required: ['cell'],
    optional: ['target', 'pid'],
  },
  vtime_now: {
    doc: 'The vtime basis of a cell, a CPU or the whole scheduler.',
    fn: 'the scheduler itself',
    required: ['basis'],
    optional: ['cell', 'target', 'dsq'],
  },
  lost: {
    doc: 'Records of this CPU were lost: between `begin` and `end`; without an `end`, to the end of the trace; without a phase, right before this moment.',
    fn: 'ring buffer overrun',
    required: [],
    optional: ['phase', 'count', 'text'],
  },
  mark: {
    doc: 'A text in the trace.',
    fn: 'trace_marker',
    required: ['text'],
    optional: [],
  },
});
